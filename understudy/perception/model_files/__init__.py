"""Files of detectors that others made: judged, and tried in a process of their own, before they are run."""
