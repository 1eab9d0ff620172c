//! Symmetric positive matrices, by Cholesky's decomposition.

/// A pivot below this share of its diagonal is zero: the column follows from those before it.
const ZERO: f64 = 1e-10;

/// The lower triangle L of a symmetric matrix A = L·Lᵀ, row by row.
pub(super) struct Cholesky(Vec<Vec<f64>>);

impl Cholesky {
    /// Returns the decomposition, or `None` where a column follows from the others.
    pub(super) fn of(matrix: &[Vec<f64>]) -> Option<Self> {
        let (lower, dependent) = decompose(matrix);
        (!dependent.contains(&true)).then_some(Self(lower))
    }

    /// Returns x with A·x = `right`.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (lower, n) = (&self.0, right.len());
        let mut x = right.to_vec();
        for row in 0..n {
            for before in 0..row {
                x[row] -= lower[row][before] * x[before];
            }
            x[row] /= lower[row][row];
        }
        for row in (0..n).rev() {
            for after in row + 1..n {
                x[row] -= lower[after][row] * x[after];
            }
            x[row] /= lower[row][row];
        }
        x
    }

    /// Returns the diagonal of A⁻¹.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        let n = self.0.len();
        (0..n)
            .map(|at| {
                let unit: Vec<f64> = (0..n).map(|row| f64::from(u8::from(row == at))).collect();
                self.solve(&unit)[at]
            })
            .collect()
    }
}

/// Returns the share of the last column's variance that the columns before it leave unexplained;
/// `None` when they leave nothing. Columns that follow from those before them add nothing.
pub(super) fn unexplained(correlation: &[Vec<f64>]) -> Option<f64> {
    let (lower, dependent) = decompose(correlation);
    let last = correlation.len() - 1;
    (!dependent[last]).then(|| lower[last][last].powi(2))
}

/// Returns L, and which columns follow from those before them; theirs are zero in L.
fn decompose(matrix: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<bool>) {
    let n = matrix.len();
    let mut lower = vec![vec![0.0; n]; n];
    let mut dependent = vec![false; n];
    for row in 0..n {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - known;
            if row == column {
                dependent[row] = rest <= ZERO * matrix[row][row];
                lower[row][row] = if dependent[row] { 0.0 } else { rest.sqrt() };
            } else if !dependent[column] {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    (lower, dependent)
}
