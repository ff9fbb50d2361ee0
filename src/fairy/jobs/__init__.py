"""Jobs: a video on disk in, an edited video on disk out, in steps that are kept and can be gone on with.

edit.py      the whole of it; preview and grid show before, redo and verify look back, batch does many
selection.py which frames, in which shots, with which anchors (shots.py, masks.py, given.py)
render.py    from a plan to stored chunks, and from chunks to a video
store.py     the job folder; manifest.py what decides its pixels; recipe.py the same within the finished file
workers/     one job on many processes
"""
