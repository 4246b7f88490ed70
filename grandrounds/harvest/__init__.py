"""Live feeds: what came when, journalled; and the source folder of any past moment.

``feed`` says what a feed is, ``feeds`` holds the plug-ins, ``collect`` takes what is new into the
``journal``, ``snapshot`` lays out the folder that readers read.
"""
