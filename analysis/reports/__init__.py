"""What the app's pages export and the command lines write: a figure, a table and arrays of one finding."""
