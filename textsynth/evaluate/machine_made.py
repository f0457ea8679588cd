"""stub"""
def machine_made(utterances): return None
