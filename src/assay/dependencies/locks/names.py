"""What a file is by its name alone: said of files that could not be read."""

from assay.dependencies.sheets import Sheet

_LOCKS = {
    "package-lock.json": ("npm", "npm"),
    "npm-shrinkwrap.json": ("npm", "npm"),
    "pnpm-lock.yaml": ("npm", "pnpm"),
    "yarn.lock": ("npm", "yarn"),
    "bun.lock": ("npm", "bun"),
    "bun.lockb": ("npm", "bun"),
    "uv.lock": ("pypi", "uv"),
    "poetry.lock": ("pypi", "poetry"),
    "pdm.lock": ("pypi", "pdm"),
    "Pipfile.lock": ("pypi", "pipenv"),
    "pylock.toml": ("pypi", "pylock"),
    "go.sum": ("golang", "go"),
    "Cargo.lock": ("cargo", "cargo"),
    "Gemfile.lock": ("gem", "bundler"),
    "gems.locked": ("gem", "bundler"),
    "composer.lock": ("composer", "composer"),
    "packages.lock.json": ("nuget", "nuget"),
    "gradle.lockfile": ("maven", "gradle"),
    "pubspec.lock": ("pub", "pub"),
    "mix.lock": ("hex", "mix"),
    "Package.resolved": ("swift", "swiftpm"),
    "cabal.project.freeze": ("hackage", "cabal"),
    "stack.yaml.lock": ("hackage", "stack"),
    "conan.lock": ("conan", "conan"),
}
_MANIFESTS = {
    "package.json": ("npm", "npm"),
    "pyproject.toml": ("pypi", "pyproject"),
    "Pipfile": ("pypi", "pipenv"),
    "go.mod": ("golang", "go"),
    "Cargo.toml": ("cargo", "cargo"),
    "Gemfile": ("gem", "bundler"),
    "gems.rb": ("gem", "bundler"),
    "composer.json": ("composer", "composer"),
    "pubspec.yaml": ("pub", "pub"),
    "mix.exs": ("hex", "mix"),
    "build.gradle": ("maven", "gradle"),
    "build.gradle.kts": ("maven", "gradle"),
    "Package.swift": ("swift", "swiftpm"),
    "stack.yaml": ("hackage", "stack"),
    "conanfile.txt": ("conan", "conan"),
}


def damaged(path: str, why: str) -> tuple[Sheet, ...]:
    """The sheet of a file that could not be read; none for a name that may be anything."""
    base = path.rpartition("/")[2]
    lock, manifest = _LOCKS.get(base), _MANIFESTS.get(base)
    if lock is not None:
        return (Sheet(role="lock", ecosystem=lock[0], tool=lock[1], damaged=why[:300]),)
    if manifest is not None:
        return (Sheet(role="manifest", ecosystem=manifest[0], tool=manifest[1], damaged=why[:300]),)
    return ()
