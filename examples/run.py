"""The main job, end to end, on a real image: build, scan, attest, sign, attach, verify, verdict (`make run`).

    IMAGE=oci-dir:/path/to/layout:tag  OUT=out  python examples/run.py

Without IMAGE the image of `examples/demo` is built, twice. Every step is a command anyone can type;
this script only types them, shows them, and says where each artefact lies.
"""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = Path(os.environ.get("OUT") or "out").resolve()
SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
ASSAY = [sys.executable, "-m", "assay"]
SIGNER = "someone@example.com"
_PATIENCE_SECONDS = 20
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Whose signatures the demonstration's packages must have."""


def say(text: str) -> None:
    """A heading of the run."""
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def assay(*words: str, allowed: tuple[int, ...] = (0,)) -> int:
    """Type one command, show it, and stop the run when its exit code is not among `allowed`."""
    shown = " ".join(words)
    for long, short in ((f"{OUT}/", f"{OUT.name}/"), (f"{SHARED}/", "../shared/"), (f"{ROOT}/", "")):
        shown = shown.replace(long, short)
    print(f"$ assay {shown}", flush=True)
    begun = time.perf_counter()
    code = subprocess.run([*ASSAY, *words], check=False).returncode
    print(f"  exit {code} after {time.perf_counter() - begun:.2f} s", flush=True)
    if code not in allowed:
        sys.exit(f"stopped: assay {words[0]} ended with {code}")
    return code


def advisories() -> list[str]:
    """Build the advisory database, or say plainly that there is none; returns the option that names it."""
    path = OUT / "advisories.db"
    if path.exists():
        print(f"using {path.relative_to(OUT.parent)} (remove it to build anew)")
    elif (SHARED / "data" / "advisories").is_dir():
        assay("db", "build", "--from", str(SHARED / "data" / "advisories"), "--out", str(path))
    else:
        assay("db", "update", "--db", str(path), allowed=(0, 75))
    if not path.exists():
        print("No advisory data could be had: the scan takes stock, but matches nothing.")
    return ["--db", str(path)]


def image(key: Path, db: list[str]) -> str:
    """The image to work on: IMAGE, or one built here from `examples/demo/assay.yaml`, twice.

    The first leaves the builder with its evidence attached: provenance of every step, SBOM, tests, scan, verdict.
    """
    given = os.environ.get("IMAGE")
    if given:
        return given
    missing = [name for name in ("apt-get", "gpgv", "bwrap") if shutil.which(name) is None]
    if missing or not KEYRING.exists():
        return simpler(missing)
    spec, store = str(ROOT / "examples" / "demo" / "assay.yaml"), ["--store", str(OUT / "store")]
    lock = ["--lock", str(OUT / "demo.lock.json")]
    first, second = f"oci-dir:{OUT}/image:latest", f"oci-dir:{OUT}/image-again:latest"
    for layout in ("image", "image-again"):
        shutil.rmtree(OUT / layout, ignore_errors=True)
    assay("lock", spec, *lock, *store)
    print("Every input is pinned by digest and lies in the store: from here on the build needs no network.")
    assay("build", spec, "--output", first, *lock, *store, "--no-cache", "--key", str(key), *db)
    assay("build", spec, "--output", second, *lock, *store, "--no-cache")  # every step runs again
    if digest_of("image") != digest_of("image-again"):
        sys.exit("stopped: two builds of one lock differ")
    print("Both builds have the same digest.")
    assay("compare", first, second)
    return first


def digest_of(layout: str) -> str:
    """The manifest digest of a layout's image."""
    index = json.loads((OUT / layout / "index.json").read_text())
    name = "org.opencontainers.image.ref.name"
    return next(m["digest"] for m in index["manifests"] if m.get("annotations", {}).get(name) == "latest")


def simpler(missing: list[str]) -> str:
    """Where the builder's programs are missing: an image put together from Debian's packages, as they come."""
    need = " ".join({"bwrap": "bubblewrap"}.get(name, name) for name in missing if name != "apt-get")
    print(f"The builder needs programs that are not here: apt-get install {need or 'debian-archive-keyring'}")
    layout = OUT / "image"
    if not (layout / "index.json").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            sys.exit("The demonstration image is made from Debian's packages: run this on Debian, or give IMAGE=…")
        shutil.rmtree(layout, ignore_errors=True)
        subprocess.run([sys.executable, str(ROOT / "examples" / "demo_image.py"), str(layout)], check=True)
    return f"oci-dir:{layout}:latest"


def keyless(target: str, store: list[str], file: Path) -> None:
    """Sign a file and the image as an identity, and let two verifiers say what they think of it."""
    if importlib.util.find_spec("litestar") is None or importlib.util.find_spec("uvicorn") is None:
        print("The authority needs the extra `authority` (pip install 'assay[authority]'): left out.")
        return
    folder, bundle, token = OUT / "authority", OUT / "sbom.cdx.sigstore.json", OUT / "identity.token"
    with authority(folder) as url:
        issuer = f"{url}/test-issuer"
        token.touch(mode=0o600)
        token.write_text(issued(f"{issuer}/token"))
        public = folder / "public"
        here = ["--trusted-root", f"{public}/trusted_root.json"]
        services = [*here, "--signing-config", f"{public}/signing_config.json"]
        assay("sign-bundle", "--identity-token", str(token), "--bundle", str(bundle), *services, str(file))
        assay("sign", target, "--identity-token", str(token), "--trust", f"{public}/client_trust_config.json", *store)
        token.unlink()
    print("The authority is gone: everything from here on is verified offline.")
    who = ["--certificate-identity", SIGNER, "--certificate-oidc-issuer", issuer]
    assay("verify-bundle", "--bundle", str(bundle), *who, *here, str(file))
    assay("verify", target, *who, *here, *store, "--type", "https://sigstore.dev/cosign/sign/v1")
    second_opinions(bundle, file, public, issuer)


def second_opinions(bundle: Path, file: Path, public: Path, issuer: str) -> None:
    """What other verifiers say of the same bundle, where they are on this machine; they must agree with ours."""
    peers = {}
    if importlib.util.find_spec("sigstore") is not None:
        config = ["--trust-config", f"{public}/client_trust_config.json"]
        named = ["--cert-identity", SIGNER, "--cert-oidc-issuer", issuer]
        peers["sigstore"] = [
            sys.executable, "-m", "sigstore", *config, "verify", "identity", "--bundle", str(bundle), *named, str(file)
        ]  # fmt: skip
    if cosign := os.environ.get("ASSAY_COSIGN") or shutil.which("cosign"):
        named = ["--certificate-identity", SIGNER, "--certificate-oidc-issuer", issuer]
        root = ["--trusted-root", f"{public}/trusted_root.json", "--use-signed-timestamps"]
        peers["cosign"] = [cosign, "verify-blob", "--bundle", str(bundle), *root, *named, str(file)]
    for name, words in peers.items():
        shown = words[3 if name == "sigstore" else 1 :]
        print(f"$ {name} {' '.join(shown)}".replace(f"{OUT}/", f"{OUT.name}/"), flush=True)
        code = subprocess.run(words, check=False).returncode
        print(f"  exit {code}", flush=True)
        if code:
            sys.exit(f"The verifiers differ: {name} refuses what assay accepts.")
    if not peers:
        print("Neither sigstore-python nor cosign is on this machine: no second opinion.")


@contextmanager
def authority(folder: Path) -> Iterator[str]:
    """An authority that serves on loopback until the end; its address. Its keys last as long as the demonstration."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    shutil.rmtree(folder, ignore_errors=True)
    assay("authority", "init", str(folder), "--name", "demo", "--url", url, "--test-issuer", "--no-passphrase")
    print(f"$ assay authority serve {OUT.name}/{folder.name} --port {port} &", flush=True)
    serving = subprocess.Popen([*ASSAY, "authority", "serve", str(folder), "--port", str(port), "-q"])
    try:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not answers(f"{url}/healthz"):
            if serving.poll() is not None or time.monotonic() > end:
                sys.exit("stopped: the authority does not serve")
            time.sleep(0.1)
        yield url
    finally:
        serving.terminate()
        serving.wait()


def answers(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.URLError:
        return False
    return True


def issued(url: str) -> str:
    """A token of the authority's built-in issuer, which is for tests and listens on loopback alone."""
    with urllib.request.urlopen(url, json.dumps({"email": SIGNER}).encode(), timeout=10) as answer:
        return str(json.load(answer)["id_token"])


def main() -> None:
    """Run every step."""
    OUT.mkdir(parents=True, exist_ok=True)
    say("1. What the world knows: the advisory database")
    db = advisories()
    vex = ["--vex", str(ROOT / "examples" / "demo.openvex.json")] if not os.environ.get("IMAGE") else []
    say("2. A signing key (for this demonstration, not encrypted)")
    key, public = OUT / "assay.key", OUT / "assay.key.pub"
    if not key.exists():
        assay("keys", "generate", str(key), "--no-passphrase")
    say("3. The image: built from a spec, twice, with the same digest; the first with all of its evidence")
    target = image(key, db)
    print(target.replace(str(OUT), OUT.name))
    say("4. Scan: what is in it, what matters and why, may it run")
    outputs = [f"cyclonedx-json={OUT}/sbom.cdx.json", f"spdx-json={OUT}/sbom.spdx.json", f"sarif={OUT}/report.sarif",
               f"json={OUT}/report.json", f"html={OUT}/report.html", f"markdown={OUT}/report.md", "table"]  # fmt: skip
    scanned = assay("scan", target, *db, *vex, *[w for o in outputs for w in ("-o", o)], allowed=(0, 1))
    if vex:
        assay("explain", "CVE-2023-37920", target, *db, *vex, allowed=(0, 1))
    say("5. Attest and sign: the statements go where the image lies")
    store = [] if target.startswith("oci-dir:") else ["--store", f"oci-dir:{OUT}/evidence"]
    assay("attest", target, *db, *vex, "--key", str(key), *store)
    assay("sign", target, "--key", str(key), *store)
    say("6. Verify from the outside: the attached evidence alone decides")
    verified = assay("verify", target, "--key", str(public), *store, "--policy", "default", allowed=(0, 1))
    if (OUT / "demo.lock.json").exists() and not os.environ.get("IMAGE"):
        os.environ["ASSAY_STORE"] = str(OUT / "store")  # where the inputs lie: the steps' roots are put together anew
        assay("verify", target, "--key", str(public), "--hermetic", allowed=(0, 1))
    say("7. Sign without a key: an authority of our own, an identity in place of a key, a log that says so in public")
    keyless(target, store, OUT / "sbom.cdx.json")
    say("What lies where")
    for name, what in (
        ("demo.lock.json", "every input of the image, pinned"), ("store", "those inputs, by digest"),
        ("report.html", "the report to show to a colleague"), ("report.json", "the same for programs"),
        ("report.sarif", "for code scanning"), ("sbom.cdx.json", "CycloneDX 1.6"), ("sbom.spdx.json", "SPDX 2.3"),
        ("assay.key.pub", "the key to verify with"), ("advisories.db", "the advisory database"),
        ("authority", "the demonstration's signing authority"), ("sbom.cdx.sigstore.json", "the SBOM's keyless bundle"),
    ):  # fmt: skip
        if (OUT / name).exists():
            print(f"  {OUT.name}/{name:<16} {what}")
    words = {0: "ALLOW", 1: "DENY"}
    print(f"\nVerdict of the scan: {words[scanned]}; verdict from the verified evidence: {words[verified]}.")
    if scanned != verified:
        sys.exit("The two verdicts differ.")


if __name__ == "__main__":
    main()
