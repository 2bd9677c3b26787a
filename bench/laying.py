"""Lay the npm packages of a lock into a folder, as a build step would see them, and leave them there.

python bench/laying.py LOCK STORE FOLDER            what unpacking.py measures; it loads nothing else, and prints the
                                                    seconds from the lock file to the last file on the disk
"""

import os
import sys
import time
from pathlib import Path

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.spool import FileSpool
from assay.adapters.workshop import FolderWorkshop
from assay.build import compose
from assay.build import lock as locks
from assay.flows.collect_languages import trees
from assay.model.limits import DEFAULT_LIMITS


def main(lock_file: str, store: str, folder: str) -> None:
    """Through the same doors as a build."""
    begun = time.perf_counter()
    lock = locks.read(Path(lock_file).read_bytes(), where=lock_file)
    spool = FileSpool()
    found = trees(lock, FolderContentStore(Path(store)), spool, DEFAULT_LIMITS)
    os.mkdir(folder)
    tree = compose.compose(found["web"], epoch=lock.epoch)
    with FolderWorkshop(DEFAULT_LIMITS, folder).lay(tree, spool.read, epoch=lock.epoch):
        print(time.perf_counter() - begun, flush=True)
        os._exit(0)  # what was laid stays


if __name__ == "__main__":
    main(*sys.argv[1:])
