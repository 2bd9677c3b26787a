"""Maven groups of artifacts whose jars carry no `pom.properties` (most are built with Gradle or Ant), as data.

Longest prefix first wins. A group of this table is `strong` evidence at best: the artifact's name implies it.
"""

GROUPS: dict[str, str] = {
    "spring-boot": "org.springframework.boot",
    "spring-cloud": "org.springframework.cloud",
    "spring-data": "org.springframework.data",
    "spring-security": "org.springframework.security",
    "spring-ws": "org.springframework.ws",
    "spring-": "org.springframework",
    "tomcat-embed-": "org.apache.tomcat.embed",
    "tomcat-": "org.apache.tomcat",
    "log4j-": "org.apache.logging.log4j",
    "kotlin-": "org.jetbrains.kotlin",
    "kotlinx-": "org.jetbrains.kotlinx",
    "groovy": "org.codehaus.groovy",
    "hibernate-": "org.hibernate",
    "bcprov-": "org.bouncycastle",
    "bcpkix-": "org.bouncycastle",
    "bcutil-": "org.bouncycastle",
    "bcpg-": "org.bouncycastle",
    "micrometer-": "io.micrometer",
    "reactor-": "io.projectreactor",
    "rxjava": "io.reactivex",
    "okhttp": "com.squareup.okhttp3",
    "okio": "com.squareup.okio",
    "retrofit": "com.squareup.retrofit2",
    "elasticsearch": "org.elasticsearch",
    "lucene-": "org.apache.lucene",
    "kafka-clients": "org.apache.kafka",
    "kafka_": "org.apache.kafka",
    "asm": "org.ow2.asm",
    "snakeyaml": "org.yaml",
    "gradle-": "org.gradle",
    "mongodb-driver": "org.mongodb",
    "bson": "org.mongodb",
    "guice": "com.google.inject",
    "grpc-": "io.grpc",
}


def group_of(artifact: str) -> str:
    """The group of an artifact by the longest prefix of the table, or empty."""
    return max(
        ((len(prefix), group) for prefix, group in GROUPS.items() if artifact.startswith(prefix)), default=(0, "")
    )[1]
