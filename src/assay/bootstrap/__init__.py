"""The fuse box: which adapter serves which port. The only importer of `adapters`; branches on names, never on content.

Everything is imported where it is plugged in, so a command loads only what it uses; these doors too (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.bootstrap.attachments import doctor_image, inspect_image, prune_image
    from assay.bootstrap.authority import configure_authority, make_authority, rotate_authority, witness_policy
    from assay.bootstrap.authority_folder import client_config, read_authority
    from assay.bootstrap.authority_keys import export_root_key
    from assay.bootstrap.authority_serving import authority_at, monotonic
    from assay.bootstrap.baseline import baseline_reports
    from assay.bootstrap.build_evidence import attest_build
    from assay.bootstrap.builds import build_spec
    from assay.bootstrap.bundles import BundleWords, verify_bundle
    from assay.bootstrap.carrying import load_image, save_image
    from assay.bootstrap.comparing import compare_images, foreign_differences, stripdown
    from assay.bootstrap.configuration import chosen_settings, effective_settings
    from assay.bootstrap.content_stores import clean_store, export_store, import_store, verify_store
    from assay.bootstrap.court import DEFAULT_POLICY, load_policy
    from assay.bootstrap.database import (
        build_database,
        database_difference,
        database_status,
        export_database,
        import_database,
        import_delta,
        pull_database,
        push_database,
        renew_report,
        update_database,
        verify_database,
        wish_of,
        write_delta,
    )
    from assay.bootstrap.difference import compare_targets
    from assay.bootstrap.dockerfiles import import_dockerfile
    from assay.bootstrap.doctor import doctor_machine
    from assay.bootstrap.documents import sbom_document
    from assay.bootstrap.evidence import (
        attach_documents,
        decide_on,
        evidence_door,
        generate_key,
        image_signature,
        key_maker,
        keyring,
        passphrase,
        predicate_about,
        sign_and_attach,
        signer,
        statements_of,
        write_older,
    )
    from assay.bootstrap.fingerprints import make_fingerprints
    from assay.bootstrap.ignores import DEFAULT_IGNORE_FILE, import_ignores, read_ignores, with_ignores
    from assay.bootstrap.indexes import ask_indexes
    from assay.bootstrap.locking import fetch_locked, lint_spec, lock_spec
    from assay.bootstrap.logs import Watched, monitor_logs, prove_entry, prove_growth, show_log
    from assay.bootstrap.machine import LIMITS, TOOL, document_time, read_file, write_file
    from assay.bootstrap.public import trusted_root, update_public
    from assay.bootstrap.rebuilding import (
        RebuildWish,
        attest_rebuild,
        is_spec,
        rebuild,
        rebuilders_of,
        recipe_beside,
        recipe_of,
    )
    from assay.bootstrap.reports import report_on, why_silent
    from assay.bootstrap.signing import KeylessWords, bundle_maker, sign_file
    from assay.bootstrap.specs import read_placed
    from assay.bootstrap.stock import Reading, SecondLook, take_stock
    from assay.bootstrap.trust import (
        Content,
        check_owner,
        export_halves,
        first_profile,
        new_file,
        next_profile,
        policy_text,
        read_profile,
        real_now,
        replace_profile,
        sign_profile,
        trust_by,
        write_profile,
    )
    from assay.bootstrap.verification import Answer, Search, Trusted, verify_image
    from assay.bootstrap.vex import VexSearch, automatic_statements, statement_time
    from assay.bootstrap.vex_desk import explain_vex, lint_vex, make_vex, merge_vex, now, vex_document

_ROOMS = {
    "attachments": "doctor_image inspect_image prune_image",
    "authority": "configure_authority make_authority rotate_authority witness_policy",
    "authority_folder": "client_config read_authority",
    "authority_keys": "export_root_key",
    "authority_serving": "authority_at monotonic",
    "baseline": "baseline_reports",
    "build_evidence": "attest_build",
    "builds": "build_spec",
    "bundles": "BundleWords verify_bundle",
    "carrying": "load_image save_image",
    "comparing": "compare_images foreign_differences stripdown",
    "configuration": "chosen_settings effective_settings",
    "content_stores": "clean_store export_store import_store verify_store",
    "court": "DEFAULT_POLICY load_policy",
    "database": (
        "build_database database_difference database_status export_database import_database import_delta "
        "pull_database push_database renew_report update_database verify_database wish_of write_delta"
    ),
    "difference": "compare_targets",
    "dockerfiles": "import_dockerfile",
    "doctor": "doctor_machine",
    "documents": "sbom_document",
    "evidence": (
        "attach_documents decide_on evidence_door generate_key image_signature key_maker keyring passphrase "
        "predicate_about sign_and_attach signer statements_of write_older"
    ),
    "fingerprints": "make_fingerprints",
    "ignores": "DEFAULT_IGNORE_FILE import_ignores read_ignores with_ignores",
    "indexes": "ask_indexes",
    "locking": "fetch_locked lint_spec lock_spec",
    "logs": "Watched monitor_logs prove_entry prove_growth show_log",
    "machine": "LIMITS TOOL document_time read_file write_file",
    "public": "trusted_root update_public",
    "rebuilding": "RebuildWish attest_rebuild is_spec rebuild rebuilders_of recipe_beside recipe_of",
    "reports": "report_on why_silent",
    "signing": "KeylessWords bundle_maker sign_file",
    "specs": "read_placed",
    "stock": "Reading SecondLook take_stock",
    "trust": (
        "Content check_owner export_halves first_profile new_file next_profile policy_text read_profile real_now "
        "replace_profile sign_profile trust_by write_profile"
    ),
    "verification": "Answer Search Trusted verify_image",
    "vex": "VexSearch automatic_statements statement_time",
    "vex_desk": "explain_vex lint_vex make_vex merge_vex now vex_document",
}
"""Module → its doors, as imported above for those who check types."""
_MODULES = {name: module for module, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """A door, with its module imported when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


__all__ = [
    "DEFAULT_IGNORE_FILE",
    "DEFAULT_POLICY",
    "LIMITS",
    "TOOL",
    "Answer",
    "BundleWords",
    "Content",
    "KeylessWords",
    "Reading",
    "RebuildWish",
    "Search",
    "SecondLook",
    "Trusted",
    "VexSearch",
    "Watched",
    "ask_indexes",
    "attach_documents",
    "attest_build",
    "attest_rebuild",
    "authority_at",
    "automatic_statements",
    "baseline_reports",
    "build_database",
    "build_spec",
    "bundle_maker",
    "check_owner",
    "chosen_settings",
    "clean_store",
    "client_config",
    "compare_images",
    "compare_targets",
    "configure_authority",
    "database_difference",
    "database_status",
    "decide_on",
    "doctor_image",
    "doctor_machine",
    "document_time",
    "effective_settings",
    "evidence_door",
    "explain_vex",
    "export_database",
    "export_halves",
    "export_root_key",
    "export_store",
    "fetch_locked",
    "first_profile",
    "foreign_differences",
    "generate_key",
    "image_signature",
    "import_database",
    "import_delta",
    "import_dockerfile",
    "import_ignores",
    "import_store",
    "inspect_image",
    "is_spec",
    "key_maker",
    "keyring",
    "lint_spec",
    "lint_vex",
    "load_image",
    "load_policy",
    "lock_spec",
    "make_authority",
    "make_fingerprints",
    "make_vex",
    "merge_vex",
    "monitor_logs",
    "monotonic",
    "new_file",
    "next_profile",
    "now",
    "passphrase",
    "policy_text",
    "predicate_about",
    "prove_entry",
    "prove_growth",
    "prune_image",
    "pull_database",
    "push_database",
    "read_authority",
    "read_file",
    "read_ignores",
    "read_placed",
    "read_profile",
    "real_now",
    "rebuild",
    "rebuilders_of",
    "recipe_beside",
    "recipe_of",
    "renew_report",
    "replace_profile",
    "report_on",
    "rotate_authority",
    "save_image",
    "sbom_document",
    "show_log",
    "sign_and_attach",
    "sign_file",
    "sign_profile",
    "signer",
    "statement_time",
    "statements_of",
    "stripdown",
    "take_stock",
    "trust_by",
    "trusted_root",
    "update_database",
    "update_public",
    "verify_bundle",
    "verify_database",
    "verify_image",
    "verify_store",
    "vex_document",
    "why_silent",
    "wish_of",
    "with_ignores",
    "witness_policy",
    "write_delta",
    "write_file",
    "write_older",
    "write_profile",
]
