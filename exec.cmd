@rem package.json says "exec node ..." so that signals from npm reach node itself. cmd has no exec, and finds this file.
@%*
