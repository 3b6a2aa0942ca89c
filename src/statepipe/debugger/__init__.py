"""The debugger: a record stepped through its machine by commands. What is shown, shown nowhere.

`Session.obey(line)` makes one command and answers with lines of text; faces (plain lines, the
full-screen app) print them, and read the session for more.
"""

from statepipe.debugger.session import Answer, Session
from statepipe.debugger.text import Line, Tone

__all__ = ["Answer", "Line", "Session", "Tone"]
