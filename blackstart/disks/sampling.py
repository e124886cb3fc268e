"""How much data samples can miss. A disk that is read in part is blank with a probability, and this is it.

Between the ends, a disk is divided into `samples` equal parts of L bytes, and one piece is read in each, at a place
drawn from all places alike. Data of B bytes in one piece:

- from 2 L on it covers a whole part, and cannot be missed;
- below that it lies in one part or in two neighbours, x bytes in one and B - x in the other. A piece that is drawn in a
  part of L bytes meets x bytes there with a probability of at least x / L. So both miss it with at most
  (1 - x/L) (1 - (B-x)/L), which is largest where x is B/2:  **P(missed) <= (1 - B / 2L)^2**

Data in several pieces is met more easily than the same amount in one, as each piece is another chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.disks.facts import GIB

if TYPE_CHECKING:
    from blackstart.disks.facts import DiskFacts

# What node/disks/blankness.py reads at each end, and the grain of its samples, in bytes.
END = 16 << 20
GRAIN = 4096


def part(disk: DiskFacts) -> float:
    """Return L, the bytes of which one sample was read; 0 when everything was read."""
    if disk.blank.full or not disk.blank.samples:
        return 0.0
    return (disk.size_bytes - 2 * END) / disk.blank.samples + GRAIN


def missed(disk: DiskFacts, data_bytes: float) -> float:
    """Return an upper bound of the probability that data of so many bytes in one piece was missed (pure)."""
    length = part(disk)
    return max(1 - data_bytes / (2 * length), 0.0) ** 2 if length else 0.0


def words(disk: DiskFacts) -> str:
    """Say how far "blank" can be believed."""
    if not disk.blank.samples or disk.blank.full:
        return "all of it was read"
    surely = 2 * part(disk)
    return (
        f"both ends and {disk.blank.samples} samples were read; one piece of {_size(surely)} cannot hide, one of "
        f"{_size(surely / 10)} does with a probability of at most {missed(disk, surely / 10):.0%}; --full reads it all"
    )


def _size(length: float) -> str:
    return f"{length / GIB:.2f} GiB" if length >= GIB else f"{length / 2**20:.2f} MiB"
