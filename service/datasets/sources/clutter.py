"""Files that systems and programs put into folders and archives unasked, by their names."""

from __future__ import annotations

import re

# In small letters: some systems change the case when they copy.
_FOLDERS = frozenset(
    {
        "__macosx", "__pycache__",
        # Network storage (Synology, QNAP): thumbnails, bins, snapshots.
        "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",
        # Windows' and Linux' bins and folders of whole disks.
        "$recycle.bin", "recycler", "recycled", "system volume information", "lost+found",
        "network trash folder", "temporary items",
    }
)  # fmt: skip
_FILES = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})
# Unfinished downloads, copies and locks of editors, marks of downloads: no data end so.
_ENDINGS = re.compile(
    r"(~|\.(part|partial|crdownload|download|filepart|tmp|temp|swp|swo|bak|orig|lnk|url)"
    r"|[:._]zone\.identifier|:afp_afpinfo|@synoeastream|@synoresource)$"
)
_STARTS = ("~$", "._")


def is_clutter(name: str) -> bool:
    """Whether a path names a file that is none of the user's: hidden, or put there by a system.

    Args:
        name: The path in an archive or folder, with "/", as it came.
    """
    *folders, file = name.lower().split("/")
    if any(folder.startswith(".") and folder not in {".", ".."} for folder in [*folders, file]):
        return True
    if not _FOLDERS.isdisjoint(folders) or file in _FOLDERS | _FILES:
        return True
    is_autosave = len(file) > 2 and file.startswith("#") and file.endswith("#")
    return is_autosave or file.startswith(_STARTS) or _ENDINGS.search(file) is not None
