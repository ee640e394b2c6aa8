"""The composition root of the orchestrator's processes: settings in, the collaborators of each process out."""

import stamina
from celery import Celery

from orchestrator.database import Database
from orchestrator.dispatch import Dispatcher
from orchestrator.llm.openai_chat import OpenAIChat
from orchestrator.llm.retry import Retrying
from orchestrator.runs import Runs
from orchestrator.settings import Settings
from orchestrator.turns import Turns
from tasks.broker import connect
from tasks.grants import Grants
from tasks.presence import Presence


class Engine:
    """What the API, the coordinator and the watcher share. Nothing connects before it is used."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self.settings = settings
        self.app = app
        self.database = Database(settings.require_database(), settings.database_pool, settings.database_statement_timeout_s)
        self.redis = connect(settings.require_redis())
        self.grants = Grants(self.redis)
        self.presence = Presence(self.redis)
        self.dispatcher = Dispatcher(app, self.grants)
        self.runs = Runs(self.database, self.dispatcher, self.grants, settings.tool_memory_s)

    def turns(self) -> Turns:
        """The loop with its model: only the coordinator asks models."""
        # The retry layer logs its own line; stamina's would be a second one.
        stamina.instrumentation.set_on_retry_hooks([])
        settings = self.settings
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        return Turns(
            self.database,
            Retrying(OpenAIChat(base_url=settings.openai_base_url, api_key=key, max_connections=settings.model_connections)),
            self.dispatcher,
            self.grants,
            model_timeout_s=settings.model_timeout_s,
            max_calls_per_turn=settings.max_calls_per_turn,
        )

    def close(self) -> None:
        """Gives the connections back."""
        self.database.close()
        self.redis.close()
