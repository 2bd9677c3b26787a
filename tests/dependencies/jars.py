"""Java archives as bytes."""

import io
import zipfile


def jar(members: dict[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members, in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def pom(group: str, artifact: str, version: str, model: str = "") -> dict[str, bytes | str]:
    """The Maven folder of one artifact."""
    folder = f"META-INF/maven/{group}/{artifact}"
    found: dict[str, bytes | str] = {
        f"{folder}/pom.properties": f"#Created\n#Mon\nversion={version}\r\ngroupId={group}\nartifactId = {artifact}\n"
    }
    if model:
        found[f"{folder}/pom.xml"] = model
    return found


def manifest(**fields: str) -> dict[str, bytes | str]:
    """A manifest with these fields (`Implementation_Title` is `Implementation-Title`)."""
    lines = ["Manifest-Version: 1.0", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return {"META-INF/MANIFEST.MF": "\r\n".join(lines) + "\r\n\r\nName: section\r\nImplementation-Version: wrong\r\n"}
