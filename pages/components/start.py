"""Start the dashboard: ``python pages/components/start.py app.py``.

Streamlit takes a folder ``pages/`` beside the script for its older way of naming pages until the router has run once,
so that the first deep link after a start would be answered with "page not found". Telling it beforehand that the router
names them cures that.
"""

import sys

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", *sys.argv[1:]]
    main()
