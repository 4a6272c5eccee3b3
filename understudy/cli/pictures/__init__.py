"""Commands on recorded pictures: run perception again, and select frames for labelling."""
