"""Minerals Accord: the frame of the app. The scenario stands in the sidebar, one question on every page."""

from pathlib import Path

import streamlit as st

from pages.components import sidebar

PARTS = Path(__file__).parent / "pages" / "components"

# The icon is a file of ours: a browser would fetch a named one from a font server.
st.set_page_config("Minerals Accord", page_icon=PARTS / "icon.svg", layout="wide", initial_sidebar_state="expanded")

page = st.navigation(
    [
        # Streamlit serves the default page at "/" only, so that it has its address from a second one.
        st.Page("pages/overview.py", title="Overview", url_path="first", default=True),
        st.Page("pages/overview.py", title="Overview", url_path="what-it-does", visibility="hidden"),
        st.Page("pages/manufacturers.py", title="Manufacturers", url_path="who-uses-it"),
        st.Page("pages/parties.py", title="Parties", url_path="who-would-sign"),
        st.Page("pages/design.py", title="Design", url_path="best-deal"),
        st.Page("pages/memo.py", title="Memo", url_path="take-home"),
        st.Page("pages/saved.py", title="Saved", url_path="library"),
        st.Page("pages/method.py", title="Data and method", url_path="data-and-method"),
    ],
    position="top",
)
st.html(PARTS / "frame.css")
sidebar.draw()
page.run()
