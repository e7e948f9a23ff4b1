"""A folder with modules that nobody may import."""

from pathlib import Path

#: What the commands and the processes that they start import, from the standard library and from others.
NAMES = (
    "torch", "av", "yaml", "numpy", "dagster", "dagster_pipes", "pyarrow", "pydantic", "click", "mlflow", "transformers",
    "boto3", "requests", "tenacity", "rich", "fractions", "statistics", "sitecustomize", "jobs", "resources",
)  # fmt: skip


def set_trap(tmp_path: Path) -> Path:
    """A folder of such modules, each of which leaves a note when it is imported."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in NAMES:
        note = (
            f"open({str(tmp_path / 'notes.txt')!r}, 'a').write('{name}\\n')\nraise SystemExit('{name} was imported')\n"
        )
        (folder / f"{name}.py").write_text(note)
    return folder


def imported(trap: Path) -> list[str]:
    """Which of them were."""
    notes = trap.parent / "notes.txt"
    return notes.read_text().split() if notes.exists() else []
