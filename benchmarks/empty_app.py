"""The least an interaction can cost: one slider and its value."""

import streamlit as st

st.caption(f"{st.slider('Value', 0.0, 10.0, 1.0, 0.1, key='value'):g}")
