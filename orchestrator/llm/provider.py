"""A provider of models, as one record: what it is called, how it is reached, what it can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

from orchestrator.llm.capabilities import Capabilities, Exceptional
from orchestrator.llm.model import ModelReply
from orchestrator.llm.wire import Carrier, Wire

#: Values of a provider's variables, by name; without those that are not set.
Access = Mapping[str, str]


class Variable(NamedTuple):
    """An environment variable that a provider reads. It may also be a file, as every setting may."""

    name: str
    description: str
    is_secret: bool = False
    is_url: bool = False


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Everything about one provider. Its SDK is imported when its first model call is made."""

    name: str
    title: str
    example: str
    capabilities: Capabilities
    exceptions: tuple[Exceptional, ...] = ()
    variables: tuple[Variable, ...]
    #: The provider can be asked when of each of these groups one variable is set.
    needs: tuple[tuple[str, ...], ...] = ()
    #: The extra of `toolchord` that its SDK comes with, and a module of that SDK.
    extra: tuple[str, str] | None = None
    #: What genai-prices calls it; None where prices are not known.
    prices: str | None = None
    #: The variables with which it is reached at a server of that root URL, which speaks its wire and takes any key.
    at: Callable[[str], Access]
    wire: Callable[[], Wire]
    #: How a turn that the provider paused is joined with what it went on with; None where no turn is ever paused.
    resumed: Callable[[ModelReply, ModelReply], ModelReply] | None = None
    #: Opens connections, at most as many as the number says.
    connect: Callable[[Access, int], Carrier]

    def of_model(self, model: str) -> Capabilities:
        """What holds for this model: the record, with its exceptions that fit, in order."""
        changes = {name: value for each in self.exceptions if each.models.search(model) for name, value in each.changes.items()}
        return self.capabilities.changed(**changes) if changes else self.capabilities

    def problem(self, access: Access) -> str | None:
        """Why the provider cannot be asked, with what to do; None when it can."""
        if self.extra is not None and not _is_installed(self.extra[1]):
            return f"The SDK of {self.title} is not installed: pip install 'toolchord[{self.extra[0]}]' where the coordinator runs."
        missing = self.missing(access)
        return f"The coordinator has no access to {self.title}: set {missing} there." if missing else None

    def is_set(self, access: Access) -> bool:
        """Whether its variables are set."""
        return not self.missing(access)

    def missing(self, access: Access) -> str:
        """The variables that are still to be set, in words; empty when its variables are set."""
        return " and ".join(" or ".join(group) for group in self.needs if not any(access.get(name) for name in group))

    def url(self, access: Access) -> str | None:
        """The server that is asked in the place of the provider's own; it may hold a password."""
        return next((access[variable.name] for variable in self.variables if variable.is_url and access.get(variable.name)), None)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class ModelName(NamedTuple):
    """A model as a run names it: `provider/model`."""

    provider: str
    model: str
