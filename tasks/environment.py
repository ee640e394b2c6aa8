"""Settings from the environment, and secrets from files: the same way for every process."""

import os
from typing import Final

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

#: Names a folder of files named like the variables, each holding one value, as containers mount their secrets.
SECRETS_VARIABLE: Final = "TOOLCHORD_SECRETS_DIR"


class EnvironmentSettings(BaseSettings):
    """Read once, when the process starts. A variable wins over a file of its name."""

    model_config = SettingsConfigDict(env_prefix="TOOLCHORD_", frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no file of variables is read unasked
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - it knows no folder
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then variables, then files."""
        files = SecretsSettingsSource(settings_cls, os.environ.get(SECRETS_VARIABLE))
        return init_settings, env_settings, files
