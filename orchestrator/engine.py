"""The composition root of the orchestrator's processes: settings in, the collaborators of each process out."""

from celery import Celery

from orchestrator.closer import Closer
from orchestrator.database import Database
from orchestrator.dispatch import Dispatcher
from orchestrator.runs import Runs
from orchestrator.settings import Settings
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
        self.closer = Closer(self.database, self.grants)
        self.runs = Runs(self.database, self.dispatcher.advance, self.closer, settings.tool_memory_s)

    def close(self) -> None:
        """Gives the connections back."""
        self.runs.close()
        self.database.close()
        self.redis.close()
