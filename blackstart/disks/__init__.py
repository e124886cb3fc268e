"""Which disks may be used, and which may be written: pure decisions about what node/disks/survey.py saw.

facts.py holds what was seen, judge.py says what each disk is to us, writes.py holds the one list of disks to write.
"""
