"""What is kept: records, tables, migrations, encryption, media and built-in plans."""
