"""Records become rows, tables, figures and pages."""
