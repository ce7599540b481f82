//! Plain tables: columns aligned by spaces, so that `awk` reads them too.

use comfy_table::{CellAlignment, ContentArrangement, presets};

/// A table of text.
#[derive(Debug)]
pub struct Table {
    inner: comfy_table::Table,
}

impl Table {
    /// A table with these column titles, shown in capitals; without titles, of rows alone.
    pub fn new(titles: &[&str]) -> Self {
        let titles: Vec<String> = titles.iter().map(|title| title.to_uppercase()).collect();
        Self::verbatim(&titles.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same with titles as they are.
    pub fn verbatim(titles: &[&str]) -> Self {
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if !titles.is_empty() {
            inner.set_header(titles.iter().copied());
        }
        Self { inner }
    }

    /// Right-aligns a column, for numbers.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        if let Some(column) = self.inner.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.inner.add_row(cells.into_iter().map(Into::into).collect::<Vec<String>>());
    }

    /// The table as text, each line without trailing spaces, ending in a line break.
    pub fn render(&self) -> String {
        let lines: Vec<String> =
            self.inner.lines().map(|line| line.trim_end().trim_start_matches(' ').to_owned()).collect();
        lines.join("\n") + "\n"
    }
}
