"""What LibreOffice loads: the cell functions, the menu's commands, and what happens when a document is opened.

The extension holds this file at its root, and `functions.json` beside it, which the registry wrote. Nothing of Rebates is
imported before the first use, so the extension can be installed, and can say what is missing, where packages are missing.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Callable
from typing import Any

import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.frame.DispatchResultState import FAILURE, SUCCESS
from com.sun.star.lang import XInitialization, XServiceInfo
from com.sun.star.task import XJob

try:
    from org.rebates.calc import XRebateFunctions
except ImportError:  # while the extension is being registered, its own types are not known yet

    class XRebateFunctions:  # type: ignore[no-redef]
        """Stands in for the interface."""


PROTOCOL = "org.rebates.calc:"
NOT_A_VALUE = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 | 519))[0]  # what Calc shows as #VALUE!
HERE = os.path.dirname(__file__) if "__file__" in globals() else ""


class _Host:
    """The Python side, loaded on first use; `complaint` says why it cannot be, else it is empty."""

    calc: Any = None
    complaint: str | None = None

    @classmethod
    def load(cls) -> Any:
        if cls.complaint is None:
            try:
                from rebate_udfs.hosts import calc_paths

                calc_paths.prepare()
                cls.complaint = calc_paths.complaint()
                if not cls.complaint:
                    from rebate_udfs.hosts import calc

                    cls.calc = calc
            except (ImportError, SyntaxError) as error:
                cls.complaint = f"Rebates cannot start in this LibreOffice: {error}. Install the packages again for its Python."
        return cls.calc


class _Service(XServiceInfo):  # type: ignore[misc]
    """What every service says about itself."""

    implementation = ""
    services: tuple[str, ...] = ()

    def __init__(self, context: Any) -> None:
        self.context = context

    def getImplementationName(self) -> str:
        return self.implementation

    def supportsService(self, name: str) -> bool:
        return name in self.services

    def getSupportedServiceNames(self) -> tuple[str, ...]:
        return self.services


class RebateFunctions(unohelper.Base, _Service, XRebateFunctions):  # type: ignore[misc]
    """The cell functions; the methods are added below, one for each entry of functions.json."""

    implementation = "org.rebates.calc.RebateFunctions"
    services = ("com.sun.star.sheet.AddIn",)


def _method(name: str) -> Any:
    """The method of one cell function."""

    def call(self: RebateFunctions, *arguments: Any) -> Any:
        calc = _Host.calc or _Host.load()
        if calc is None:
            return NOT_A_VALUE
        return calc.call(name, arguments)

    return call


def _add_methods() -> None:
    with open(os.path.join(HERE, "functions.json"), encoding="utf-8") as file:
        for method, name in json.load(file).items():
            setattr(RebateFunctions, method, _method(name))


class _Task(unohelper.Base, XCallback):  # type: ignore[misc]
    """Something for LibreOffice's main thread."""

    def __init__(self, do: Callable[[], Any]) -> None:
        self.do, self.over = do, threading.Event()
        self.result: Any = None
        self.failure: Exception | None = None

    def notify(self, data: Any) -> None:
        try:
            self.result = self.do()
        except Exception as failure:  # noqa: BLE001 - who waits raises it
            self.failure = failure
        finally:
            self.over.set()


class _MainThread:
    """The thread in which commands run, also those that a script gives from outside.

    It has LibreOffice's lock before it takes Python's. Any other thread has Python's first, and asks for LibreOffice's when
    the last use of a sheet ends: the two could wait for each other for ever.
    """

    known: int | None = None
    SECONDS = 2.0  # a main thread that does not answer meanwhile is the one that asks

    @classmethod
    def post(cls, context: Any, do: Callable[[], Any]) -> _Task:
        task = _Task(do)
        context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context).addCallback(task, None)
        return task

    @classmethod
    def introduce(cls, context: Any) -> threading.Event:
        """Learn which one it is, as soon as it is idle."""
        return cls.post(context, lambda: setattr(cls, "known", threading.get_ident())).over

    @classmethod
    def run(cls, context: Any, do: Callable[[], Any]) -> Any:
        """Run there, and wait for what it gives."""
        if cls.known is None:
            cls.introduce(context).wait(cls.SECONDS)
        if cls.known in (None, threading.get_ident()):
            return do()
        task = cls.post(context, do)
        task.over.wait()
        if task.failure is not None:
            raise task.failure
        return task.result


class Actions(unohelper.Base, _Service, XInitialization, XDispatchProvider, XNotifyingDispatch):  # type: ignore[misc]
    """The commands of menu and toolbar: `org.rebates.calc:check` and the others."""

    implementation = "org.rebates.calc.Actions"
    services = ("com.sun.star.frame.ProtocolHandler",)
    frame: Any = None

    def initialize(self, arguments: tuple[Any, ...]) -> None:
        if arguments:
            self.frame = arguments[0]
        if _MainThread.known is None:
            _MainThread.introduce(self.context)

    def queryDispatch(self, url: Any, target: str, flags: int) -> Any:
        return self if url.Complete.startswith(PROTOCOL) else None

    def queryDispatches(self, requests: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.queryDispatch(one.FeatureURL, one.FrameName, one.SearchFlags) for one in requests)

    def dispatch(self, url: Any, arguments: tuple[Any, ...]) -> None:
        self.run(url, arguments)

    def dispatchWithNotification(self, url: Any, arguments: tuple[Any, ...], listener: Any) -> None:
        done, said = self.run(url, arguments)
        if listener is not None:
            event = DispatchResultEvent()
            event.State, event.Result = SUCCESS if done else FAILURE, said
            listener.dispatchFinished(event)

    def run(self, url: Any, arguments: tuple[Any, ...]) -> tuple[bool, str]:
        """Run a command in the main thread; returns whether it was done and what was said."""
        done, said = _MainThread.run(self.context, lambda: self._run(url, arguments))
        return done, said

    def _run(self, url: Any, arguments: tuple[Any, ...]) -> tuple[bool, str]:
        given = {one.Name: one.Value for one in arguments}
        name = url.Complete[len(PROTOCOL) :]
        if _Host.load() is None:
            from rebate_udfs.hosts import calc_messages

            return False, calc_messages.say(self.frame, _Host.complaint or "", given, failed=True)
        from rebate_udfs.hosts import calc_actions

        return calc_actions.run(self.context, self.frame, name, given)

    def addStatusListener(self, listener: Any, url: Any) -> None:
        """Commands are always available."""

    def removeStatusListener(self, listener: Any, url: Any) -> None:
        """Nothing was added."""


class _DocumentJob(unohelper.Base, _Service, XJob):  # type: ignore[misc]
    """What runs when something happens to a document, where it is a spreadsheet with our functions."""

    services = ("com.sun.star.task.Job",)

    def execute(self, arguments: tuple[Any, ...]) -> None:
        from rebate_udfs.hosts import calc_opened

        document = next((pair.Value for one in arguments if one.Name == "Environment" for pair in one.Value if pair.Name == "Model"), None)
        if document is not None and calc_opened.has_functions(document):
            self.do(document)

    def do(self, document: Any) -> None:
        raise NotImplementedError


class Opened(_DocumentJob):
    """On opening: compute the handles anew, or say what is missing."""

    implementation = "org.rebates.calc.Opened"

    def do(self, document: Any) -> None:
        from rebate_udfs.hosts import calc_messages, calc_opened

        if _Host.load() is None:
            calc_messages.banner(document, _Host.complaint or "")
        else:
            calc_opened.refresh(document)
            calc_messages.warn_of_names(self.context, document)


class Saved(_DocumentJob):
    """After saving under another name: say where Excel will not know our functions."""

    implementation = "org.rebates.calc.Saved"

    def do(self, document: Any) -> None:
        from rebate_udfs.hosts import calc_messages

        calc_messages.warn_of_names(self.context, document)


_add_methods()
g_ImplementationHelper = unohelper.ImplementationHelper()
for _class in (RebateFunctions, Actions, Opened, Saved):
    g_ImplementationHelper.addImplementation(_class, _class.implementation, _class.services)
