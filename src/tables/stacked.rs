//! Tables with a row for each account and part: made some accounts at a time, so that a million
//! accounts with a dozen metrics each never stand in memory beside the scores they come from.

use polars::prelude::*;

/// One row for each account and part, ordered by account and then by part.
#[derive(Debug, Clone)]
pub struct Stacked {
    /// The accounts, in order.
    accounts: DataFrame,
    /// The columns of each part; their names are the same for all.
    parts: Vec<Vec<Expr>>,
}

/// So many accounts are looked at at a time.
const ACCOUNTS: usize = 16 * 1024;

impl Stacked {
    /// `accounts` are in their published order.
    pub(super) fn new(accounts: DataFrame, parts: Vec<Vec<Expr>>) -> Self {
        Self { accounts, parts }
    }

    pub(super) fn height(&self) -> usize {
        self.accounts.height() * self.parts.len()
    }

    /// Returns the names of the columns.
    ///
    /// # Errors
    /// When Polars fails.
    pub(super) fn columns(&self) -> PolarsResult<Vec<PlSmallStr>> {
        Ok(self.piece(0, 0)?.get_column_names_owned())
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = PolarsResult<DataFrame>> + '_ {
        let height = self.accounts.height();
        let begins = (0..height.max(1)).step_by(ACCOUNTS);
        begins.map(|begin| self.piece(begin, ACCOUNTS))
    }

    pub(super) fn whole(&self) -> PolarsResult<DataFrame> {
        self.piece(0, self.accounts.height())
    }

    fn piece(&self, begin: usize, accounts: usize) -> PolarsResult<DataFrame> {
        let accounts = self.accounts.slice(begin as i64, accounts);
        let (height, count) = (accounts.height(), self.parts.len());
        let frames: Vec<LazyFrame> = self
            .parts
            .iter()
            .map(|columns| accounts.clone().lazy().select(columns))
            .collect();
        let mut stacked = concat(frames, UnionArgs::default())?.collect()?;
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
        let stacked = Stacked::new(accounts, vec![part(1), part(10)]);
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
