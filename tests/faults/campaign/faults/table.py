"""All kinds of faults."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from tests.faults.campaign.faults.clocks import CLOCK_KINDS
from tests.faults.campaign.faults.failpoints import FAILPOINT_KINDS
from tests.faults.campaign.faults.kind import Kind, Strike
from tests.faults.campaign.faults.messages import MESSAGE_KINDS
from tests.faults.campaign.faults.network import NETWORK_KINDS
from tests.faults.campaign.faults.processes import PROCESS_KINDS
from tests.faults.campaign.faults.servers import SERVER_KINDS
from tests.faults.campaign.rig import Rig


@contextmanager
def _nothing(_: Rig, __: random.Random) -> Generator[Strike]:
    yield Strike("none")


#: Nothing happens: what is measured then is the work's own time.
CONTROL: Final = Kind("control", _nothing)

KINDS: Final = (CONTROL, *PROCESS_KINDS, *FAILPOINT_KINDS, *SERVER_KINDS, *NETWORK_KINDS, *MESSAGE_KINDS, *CLOCK_KINDS)
