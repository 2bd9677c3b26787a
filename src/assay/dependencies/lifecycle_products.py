"""Under which names endoflife.date may know a component: its package URL, Repology's name, or a row of our own table.

endoflife.date lists identifiers with most products, but not with all, and it knows no purl of a classifier; the tables
close that.
"""

from assay.dependencies.identity import DISTRIBUTED
from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.inventory import Component

_PRODUCTS = {
    "composer/symfony/console": "symfony",
    "composer/symfony/dependency-injection": "symfony",
    "composer/symfony/event-dispatcher": "symfony",
    "composer/symfony/framework-bundle": "symfony",
    "composer/symfony/http-foundation": "symfony",
    "composer/symfony/http-kernel": "symfony",
    "composer/symfony/routing": "symfony",
    "composer/symfony/symfony": "symfony",
    "composer/twig/twig": "twig",
    "docker/almalinux": "almalinux",
    "docker/alpine": "alpine-linux",
    "docker/debian": "debian",
    "docker/fedora": "fedora",
    "docker/httpd": "apache-http-server",
    "docker/mariadb": "mariadb",
    "docker/mysql": "mysql",
    "docker/nginx": "nginx",
    "docker/php": "php",
    "docker/rockylinux": "rocky-linux",
    "docker/ruby": "ruby",
    "docker/ubuntu": "ubuntu",
    "generic/httpd": "apache-http-server",
    "generic/lua": "lua",
    "generic/mariadb": "mariadb",
    "generic/openssl": "openssl",
    "generic/python": "python",
    "generic/ruby": "ruby",
    "generic/varnish": "vinyl-cache",
    "golang/github.com/containerd/containerd": "containerd",
    "golang/github.com/containerd/containerd/v2": "containerd",
    "golang/k8s.io/kubernetes": "kubernetes",
    "golang/stdlib": "go",
    "golang/toolchain": "go",
    "maven/org.apache.tomcat.embed/tomcat-embed-core": "tomcat",
    "maven/org.apache.tomcat/tomcat-catalina": "tomcat",
    "maven/org.jetbrains.kotlin/kotlin-stdlib": "kotlin",
    "maven/org.scala-lang/scala-library": "scala",
    "npm/electron": "electron",
    "npm/node": "nodejs",
    "pypi/ansible-core": "ansible-core",
}
"""purl type, namespace and name, as the purl writes them decoded."""

_JAVA_BUILDERS = {
    "Amazon.com Inc.": "amazon-corretto",
    "Azul Systems, Inc.": "azul-zulu",
    "BellSoft": "bellsoft-liberica",
    "Eclipse Adoptium": "eclipse-temurin",
    "IBM Corporation": "ibm-semeru",
    "International Business Machines Corporation": "ibm-semeru",
    "Microsoft": "microsoft-build-of-openjdk",
    "Red Hat, Inc.": "red-hat-build-of-openjdk",
    "SAP SE": "sapmachine",
}
"""`IMPLEMENTOR` of a Java runtime's `release` file: OpenJDK has no lifecycle of its own, its builders have."""
_DISTRIBUTION_NAMES = {
    "apache2": "apache",
    "httpd": "apache",
    "golang": "go",
    "redis-server": "redis",
}
"""Source packages, without the version in their name, that Repology calls otherwise."""
_UPSTREAM_MARKS = ("nodesource", "pgdg", "sury", "+maria~", "~mariadb")
"""Parts of versions of OS packages that upstream's own repository built, not the distribution."""


def names(component: Component) -> tuple[str, ...]:
    """What to ask for, best first; empty for what can have no lifecycle there."""
    if component.ecosystem in DISTRIBUTED:
        return _distributed(component)
    try:
        purl = purls.parse(component.purl)
    except MalformedError:  # an unidentified component of a foreign SBOM
        return ()
    path = "/".join(filter(None, (purl.type, purl.namespace, purl.name)))
    own = _PRODUCTS.get(path, "")
    if path == "generic/openjdk":
        own = _JAVA_BUILDERS.get(dict(component.properties).get("java:implementor", ""), "")
    bare = component.purl.partition("?")[0].partition("#")[0]
    bare = bare.rpartition("@")[0] if purl.version and "@" in bare else bare
    if purl.type == "docker" and not (purl.namespace or purl.qualifiers):
        return tuple(filter(None, (f"pkg:docker/library/{purl.name}", own)))
    conda = (f"repology:{purl.name}", f"pkg:pypi/{purl.name}") if purl.type == "conda" else ()
    return tuple(filter(None, (own, bare, *conda)))


def by_upstream(component: Component) -> bool:
    """Whether an OS package was built by its upstream, so that the distribution fixes nothing in it."""
    return any(mark in component.version for mark in _UPSTREAM_MARKS)


def version_of(component: Component) -> str:
    """The upstream version: without epoch and a leading `v`; Java's old way of counting (`1.8`) in the new one."""
    version = component.source.version if component.source and component.source.version else component.version
    if component.ecosystem in DISTRIBUTED:
        head, colon, rest = version.partition(":")
        version = rest if colon and head.isdigit() else version
    if component.ecosystem == "docker" and ":" in version:
        version = dict(component.properties).get("docker:tag", "")
    version = version.removeprefix("v")
    if component.purl.startswith("pkg:generic/openjdk@"):
        version = version.removeprefix("1.")
    return version


def _distributed(component: Component) -> tuple[str, ...]:
    source = component.source.name if component.source else component.name
    bare = source.rstrip("0123456789.").rstrip("-")
    return tuple(dict.fromkeys(f"repology:{name}" for name in (_DISTRIBUTION_NAMES.get(bare, bare), source) if name))
