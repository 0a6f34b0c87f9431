"""What only the WSGI server needs: deadlines, request bodies, paths, and errors before Django sees a request."""
