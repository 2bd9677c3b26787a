"""Every bound in one place. A limit that is hit gives a `Gap` (or an error), never silence."""

import msgspec

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Named bounds; the unit is the last word of each name."""

    manifest_bytes: int = 4 * MIB
    """A manifest or an index (OCI distribution-spec 1.1 recommends 4 MiB)."""
    config_bytes: int = 8 * MIB
    index_manifests_count: int = 2_000
    layers_count: int = 1_000
    blob_bytes: int = 64 * GIB
    """One compressed layer."""
    image_archive_bytes: int = 64 * GIB
    """A compressed image archive, inflated into a temporary file."""
    layer_inflated_bytes: int = 128 * GIB
    inflate_ratio_count: int = 1_200
    """Inflated bytes per compressed byte past the first 64 MiB; gzip cannot exceed 1,032, zstd bombs do."""
    layer_entries_count: int = 10_000_000
    layer_links_count: int = 200_000
    """Hard links to wanted files remembered of one layer."""
    path_bytes: int = 4_096
    path_depth_count: int = 256
    """Directories above a file; a path of 4,096 bytes could name 2,047 of them."""
    layer_directories_count: int = 1_000_000
    """Different directories above the wanted files of one layer."""
    pax_header_bytes: int = 1 * MIB
    link_hops_count: int = 40
    text_database_bytes: int = 64 * MIB
    """dpkg status, apk installed, a lock file, a METADATA."""
    rpm_database_bytes: int = 512 * MIB
    lock_file_bytes: int = 16 * MIB
    """A lock file of a source tree."""
    python_source_bytes: int = 2 * MIB
    """One Python source whose imports are read."""
    python_layer_bytes: int = 256 * MIB
    """All of them in one layer."""
    python_kept_bytes: int = 64 * MIB
    """The same, deflated."""
    python_followed_bytes: int = 64 * MIB
    """The sources that one program imports."""
    python_files_count: int = 100_000
    """Python files of one layer, and files one program imports."""
    python_imports_count: int = 200_000
    """Names that the files one program imports import in turn."""
    metadata_bytes: int = 4 * MIB
    """A single package's own metadata file."""
    description_bytes: int = 512 * KIB
    """A package's own description where no tool writes more than some kilobytes: a gemspec, an R DESCRIPTION, a POM."""
    licence_text_bytes: int = 512 * KIB
    """A copyright or licence file that is searched for licence texts; the longest known has 200 KiB."""
    embedded_sbom_bytes: int = 32 * MIB
    """A vendor's SBOM inside an image."""
    program_bytes: int = 512 * MIB
    go_functions_bytes: int = 64 * MIB
    """The function table of a Go program before 1.16, or the names in a later one; the largest known have 30 MiB."""
    go_functions_count: int = 1_000_000
    """Names in it; the largest known programs have 300,000."""
    audit_data_bytes: int = 16 * MIB
    """The list of crates inside a Rust program, inflated."""
    toml_bytes: int = 8 * MIB
    """One lock file in TOML."""
    archive_bytes: int = 512 * MIB
    """A jar or wheel as it lies in the layer."""
    archive_depth_count: int = 4
    archive_entries_count: int = 200_000
    archive_libraries_count: int = 64
    """Places in one Java archive where a known library is looked for by its classes."""
    fingerprints_bytes: int = 64 * MIB
    """A user's file of fingerprints."""
    archive_inflated_bytes: int = 1 * GIB
    packages_count: int = 1_000_000
    relations_count: int = 500_000
    owned_paths_bytes: int = 256 * MIB
    """All paths one package database lists, spelled out."""
    gaps_count: int = 10_000
    """Gaps listed one by one; the rest is counted in one closing gap."""
    dockerfile_instructions_count: int = 10_000
    locks_count: int = 10_000
    """Projects whose locks are judged."""
    lock_disagreements_count: int = 200
    """Disagreements of one lock listed one by one; the rest is counted."""
    sbom_bytes: int = 256 * MIB
    advisory_bytes: int = 32 * MIB
    """One advisory record."""
    feed_bytes: int = 4 * GIB
    """One feed file as it comes."""
    feed_inflated_bytes: int = 32 * GIB
    feed_document_bytes: int = 256 * MIB
    """A feed that is one JSON document."""
    feed_records_count: int = 20_000_000
    csaf_products_count: int = 500_000
    """Products one CSAF document names, those of relationships included."""
    csaf_branch_depth_count: int = 24
    """Branches above a product; vendor, family, version and architecture are the usual four."""
    csaf_relationship_depth_count: int = 8
    """Relationships inside relationships; a package of a module of a release is two."""
    csaf_parts_count: int = 32
    """Products one relationship stands for, taken apart."""
    csaf_members_count: int = 4_000_000
    """Products that the groups named in one CSAF document of a feed stand for, all places together."""
    csaf_said_bytes: int = 256 * MIB
    """What a CSAF document says of its products, written out product by product (a group may stand in thousands of
    places): the texts, and 64 bytes for each product and place."""
    openvex_parts_count: int = 1_000_000
    """Subcomponents of an OpenVEX 0.0.1 statement times its products, for each of which they are meant."""
    database_bytes: int = 8 * GIB
    """An advisory database, and what a delta of one inflates to."""
    database_frame_bytes: int = 64 * MIB
    """A thousand rows of a delta."""
    database_deltas_count: int = 16
    """Deltas published beside one advisory database."""
    vex_bytes: int = 64 * MIB
    vex_documents_count: int = 256
    """VEX documents looked at unasked beside one image, or in one folder."""
    vex_found_bytes: int = 32 * MIB
    """The same documents together."""
    vex_trust_bytes: int = 1 * MIB
    trust_file_bytes: int = 4 * MIB
    """A trusted root, a signing config, a trust profile."""
    request_bytes: int = 64 * KIB
    """One request to the embedded authority."""
    entry_request_bytes: int = 16 * MIB
    """A request to log a whole DSSE envelope, as older clients send it; today's send digests."""
    service_answer_bytes: int = 256 * KIB
    """One answer of a certificate authority, a log or a timestamp authority while something is signed."""
    vex_repository_files_count: int = 100_000
    """Entries of the index of a VEX repository, and documents of its archive."""
    vex_repository_bytes: int = 512 * MIB
    """The archive of a VEX repository, as it comes and as its documents are."""
    index_questions_count: int = 5_000
    """Packages that package indexes are asked about in one run."""
    index_answer_bytes: int = 32 * MIB
    """One answer of a package index: PyPI lists every file of every version."""
    bundle_bytes: int = 128 * MIB
    envelope_signatures_count: int = 8
    """Signatures of one bare DSSE envelope, each tried with each key."""
    bundle_certificates_count: int = 10
    bundle_timestamps_count: int = 32
    bundle_log_entries_count: int = 32
    statement_subjects_count: int = 10_000
    key_bytes: int = 64 * KIB
    json_depth_count: int = 64
    referrers_count: int = 5_000
    note_bytes: int = 256 * KIB
    """A signed note: a checkpoint with its signatures."""
    note_signatures_count: int = 64
    """C2SP demands at least 16; post-quantum ones have near 5 kB."""
    log_tile_bytes: int = 17 * MIB
    """256 entries of 64 KiB with their lengths."""
    monitor_entries_count: int = 10_000_000
    """New entries a monitor reads in one look; a log that claims more is joined at its end."""
    monitor_alerts_count: int = 1_000
    """Alerts of one look that are listed; the rest is counted."""
    log_policy_bytes: int = 256 * KIB
    """A C2SP tlog-policy."""
    log_policy_names_count: int = 1_000
    """Logs, witnesses and groups in it; C2SP recommends at least 32 of each."""
    facts_bytes: int = 2 * MIB
    classifiers_bytes: int = 1 * MIB
    """A user's file of classifiers."""
    classifiers_count: int = 1_000
    ignore_file_bytes: int = 1 * MIB
    """An ignore file, ours or another tool's."""
    ignore_rules_count: int = 10_000
    settings_bytes: int = 1 * MIB
    """`assay.toml` or `pyproject.toml`."""
    condition_characters_count: int = 2_000
    """A `--fail-on` expression."""
    condition_depth_count: int = 32
    """Parentheses and `not`s inside one another."""
    policy_bytes: int = 16 * MIB
    """All files of one policy together."""
    policy_seconds: float = 30.0
    policy_memory_bytes: int = 512 * MIB
    policy_answer_bytes: int = 16 * MIB
    """What the engine may answer about all rules together."""
    http_connect_seconds: float = 10.0
    http_read_seconds: float = 30.0
    http_total_seconds: float = 1_800.0
    http_retries_count: int = 4
    http_redirects_count: int = 5
    http_document_seconds: float = 120.0
    """One small answer (manifest, token, index), retries included; `http_total_seconds` is for a blob."""
    http_backoff_seconds: float = 0.5
    """Pause before the first retry; doubled each time."""
    http_retry_after_seconds: float = 30.0
    """Longest `Retry-After` that is waited for."""
    token_bytes: int = 1 * MIB
    credential_file_bytes: int = 1 * MIB
    credential_helper_seconds: float = 20.0
    lock_seconds: float = 60.0
    """How long another process may hold the lock of a layout."""
    referrers_rounds_count: int = 10
    """Rounds of read, merge, write before a fallback index that others keep changing is given up."""
    upload_piece_bytes: int = 8 * MIB
    """One piece of a blob that is sent in pieces."""
    evidence_seconds: float = 120.0
    """Everything one `verify`, `inspect` or `doctor` asks of a registry, together."""
    evidence_memory_bytes: int = 64 * MIB
    """Bundles whose verification one process remembers."""
    referrers_settle_seconds: float = 0.25
    """Pause between writing a fallback index and looking whether another writer overwrote it."""
    layer_cache_bytes: int = 2 * GIB
    build_spec_bytes: int = 1 * MIB
    build_spec_depth_count: int = 32
    """Lists and maps inside one another."""
    build_lock_bytes: int = 64 * MIB
    build_input_bytes: int = 16 * GIB
    """One input of a build in the content store."""
    store_layers_count: int = 20_000
    """Blobs of an exported content store."""
    build_entries_count: int = 2_000_000
    """Files, directories and links of one assembled tree."""
    compare_file_bytes: int = 64 * MIB
    """A file whose bytes are held to find out why it differs; of a greater one only that it differs is said."""
    compare_held_bytes: int = 4 * GIB
    """All such files of one comparison together, on disk, and what is inflated out of them."""
    trace_bytes: int = 1 * GIB
    """The log of a tracer of build steps, read and forgotten."""
    trace_paths_count: int = 200_000
    """Different files one step opens."""
    trace_processes_count: int = 100_000
    trace_attempts_count: int = 1_000
    """Different addresses one step asks for."""
    compare_depth_count: int = 4
    """Archives inside archives."""
    compare_causes_count: int = 10_000
    """Causes listed one by one; the rest is counted."""


DEFAULT_LIMITS = Limits()
