"""What is attached to an image, as text: what went over, what would go away, what there is."""

from assay.flows.carry import Carried
from assay.interfaces.cli.render.text import safe


def carried(done: Carried, goal: str) -> str:
    """One line for an image that went over."""
    tags = f", {len(done.tags)} older tag{'s' * (len(done.tags) != 1)}" if done.tags else ""
    manifests = f"{done.manifests_count} manifest{'s' * (done.manifests_count != 1)}"
    attached = f"{done.referrers_count} referrer{'s' * (done.referrers_count != 1)}"
    return f"{safe(goal)}: {done.image}\n{manifests}, {attached}{tags}"
