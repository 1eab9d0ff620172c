//! Tables with a row for each account and part: stacked some accounts at a time, so that a million
//! accounts with a dozen metrics each never stand in memory beside the scores they come from.

use polars::prelude::*;

/// One row for each account and part, ordered by account and then by part.
#[derive(Debug, Clone)]
pub struct Stacked {
    /// What is said of each part, a row for each account; their columns are the same.
    parts: Vec<DataFrame>,
}

/// So many accounts are looked at at a time: their cells are still at hand when they are written.
const ACCOUNTS: usize = 2048;

impl Stacked {
    /// `accounts` are in their published order; `parts` are the columns of each, of the same names.
    ///
    /// # Errors
    /// When Polars fails.
    pub(super) fn new(accounts: &DataFrame, parts: Vec<Vec<Expr>>) -> PolarsResult<Self> {
        let parts = parts.into_iter().map(|columns| {
            let frame = accounts.clone().lazy();
            frame.select(columns).collect()
        });
        Ok(Self {
            parts: parts.collect::<PolarsResult<_>>()?,
        })
    }

    fn accounts(&self) -> usize {
        self.parts.first().map_or(0, DataFrame::height)
    }

    pub(super) fn height(&self) -> usize {
        self.accounts() * self.parts.len()
    }

    /// Returns the names of the columns.
    pub(super) fn columns(&self) -> Vec<PlSmallStr> {
        let first = self.parts.first();
        first.map_or_else(Vec::new, DataFrame::get_column_names_owned)
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = PolarsResult<DataFrame>> + '_ {
        let begins = (0..self.accounts().max(1)).step_by(ACCOUNTS);
        begins.map(|begin| self.piece(begin, ACCOUNTS))
    }

    pub(super) fn whole(&self) -> PolarsResult<DataFrame> {
        self.piece(0, self.accounts())
    }

    fn piece(&self, begin: usize, accounts: usize) -> PolarsResult<DataFrame> {
        let parts = self.parts.iter();
        let mut parts = parts.map(|part| part.slice(begin as i64, accounts));
        let Some(mut stacked) = parts.next() else {
            return Ok(DataFrame::empty());
        };
        let (height, count) = (stacked.height(), self.parts.len());
        for part in parts {
            stacked.vstack_mut(&part)?;
        }
        // In pieces, every cell's would have to be looked for.
        stacked.rechunk_mut();
        // The place of every row is known, so that nothing is sorted.
        let places: Vec<IdxSize> = (0..height)
            .flat_map(|row| (0..count).map(move |part| (part * height + row) as IdxSize))
            .collect();
        stacked.take(&IdxCa::from_vec("places".into(), places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole() {
        let height = 2 * ACCOUNTS + 3;
        let accounts = df!("n" => (0..height as i64).collect::<Vec<_>>()).unwrap();
        let part = |k: i64| vec![col("n"), (col("n") * lit(k)).alias("product")];
        let stacked = Stacked::new(&accounts, vec![part(1), part(10)]).unwrap();
        let mut pieces = stacked.pieces();
        let mut together = pieces.next().unwrap().unwrap();
        assert_eq!(together.height(), 2 * ACCOUNTS);
        for piece in pieces {
            together.vstack_mut(&piece.unwrap()).unwrap();
        }
        assert_eq!(together.height(), stacked.height());
        assert!(together.equals(&stacked.whole().unwrap()));
        let product = together
            .column("product")
            .unwrap()
            .i64()
            .unwrap()
            .slice(2, 4);
        let product: Vec<i64> = product.into_no_null_iter().collect();
        assert_eq!(product, [1, 10, 2, 20]);
    }
}
