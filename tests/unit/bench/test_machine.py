"""bench/machine.py: what else the machine did."""

from bench.machine import Meter, Servers


def test_the_machine_is_named_with_its_versions() -> None:
    """A figure without its machine means nothing."""
    machine = Meter().read(Servers(postgres="18", redis="6"))

    assert machine.cores >= 1
    assert machine.processor
    assert machine.libraries["celery"]
