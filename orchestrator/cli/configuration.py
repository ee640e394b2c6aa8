"""The settings, read for a command."""

from pydantic import ValidationError

from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.settings import Settings


def load() -> Settings:
    """The settings of the environment. Raises CommandError that names each variable which holds no valid value."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"{variable_of(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise CommandError(ExitCode.USAGE, f"{faults}. `toolchord config check` shows all settings.") from None


def variable_of(field: str) -> str:
    """The environment variable of a field; errors name some fields by it."""
    if field.isupper():
        return field
    alias = Settings.model_fields[field].validation_alias if field in Settings.model_fields else None
    return field.upper() if alias or field not in Settings.model_fields else f"TOOLCHORD_{field.upper()}"
