//! Linear prediction: the next value of a signal from those before it.
//!
//! `x̂[n] = a₁·x[n−1] + … + a_p·x[n−p]`, with the coefficients that fit the history best: those of
//! its autocorrelation, by the Levinson–Durbin recursion. CANARY solves the same equations by
//! Cholesky, for as many coefficients as there are values, the one to be judged among them
//! `[S46a]`; here the value that is judged has no say in what is expected, and the order is the
//! rule's.

/// Autocorrelation of `x` for lags 0 to `order`, over its length.
pub fn autocorrelation(x: &[f64], order: usize) -> Vec<f64> {
    let n = x.len().max(1) as f64;
    let lag = |k: usize| {
        let later = x.get(k..).unwrap_or_default();
        x.iter().zip(later).map(|(a, b)| a * b).sum::<f64>() / n
    };
    (0..=order).map(lag).collect()
}

/// The coefficients of linear prediction for the autocorrelation `r` of lags 0 to p: p of them, the
/// latest value's first; fewer where these predict without an error, none for a signal at rest.
pub fn levinson_durbin(r: &[f64]) -> Vec<f64> {
    let Some((&power, lags)) = r.split_first() else { return Vec::new() };
    let mut coefficients: Vec<f64> = Vec::with_capacity(lags.len());
    let mut error = power;
    for (done, lag) in lags.iter().enumerate() {
        if error <= power * 1e-12 || power <= 0.0 {
            break;
        }
        let known = lags.get(..done).unwrap_or_default().iter().rev();
        let explained: f64 = coefficients.iter().zip(known).map(|(a, r)| a * r).sum();
        let reflection = (lag - explained) / error;
        let mirrored: Vec<f64> = coefficients.iter().rev().copied().collect();
        for (a, b) in coefficients.iter_mut().zip(mirrored) {
            *a -= reflection * b;
        }
        coefficients.push(reflection);
        error *= 1.0 - reflection * reflection;
    }
    coefficients
}

/// What comes after `x`, whose mean is nothing.
pub fn predict(x: &[f64], order: usize) -> f64 {
    let coefficients = levinson_durbin(&autocorrelation(x, order));
    coefficients.iter().zip(x.iter().rev()).map(|(a, x)| a * x).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn a_signal_that_alternates_by_hand() {
        let x = [1.0, -1.0, 1.0, -1.0];
        // r = 4/4, −3/4, 2/4.
        close(&autocorrelation(&x, 2), &[1.0, -0.75, 0.5]);
        // One coefficient: −0.75. Two: the second is (0.5 − 0.5625) / 0.4375 = −1/7, the first
        // becomes −0.75 − (−1/7)·(−0.75) = −6/7; and indeed −6/7 + 3/28 = −0.75, 18/28 − 1/7 = 0.5.
        close(&levinson_durbin(&[1.0, -0.75]), &[-0.75]);
        close(&levinson_durbin(&[1.0, -0.75, 0.5]), &[-6.0 / 7.0, -1.0 / 7.0]);
        close(&[predict(&x, 1), predict(&x, 2)], &[0.75, 5.0 / 7.0]);
    }

    #[test]
    fn the_coefficients_solve_the_normal_equations() {
        let x: Vec<f64> = (0..40).map(|i| f64::from((i * 37) % 17) - 8.0).collect();
        let r = autocorrelation(&x, 6);
        let a = levinson_durbin(&r);
        assert_eq!(a.len(), 6);
        for i in 0..6_usize {
            let sum: f64 = (0..6_usize).map(|j| a[j] * r[i.abs_diff(j)]).sum();
            assert!((sum - r[i + 1]).abs() < 1e-9, "equation {i}");
        }
    }

    #[test]
    fn a_signal_at_rest_stays_there() {
        assert_eq!(predict(&[0.0; 8], 4), 0.0);
        assert_eq!(levinson_durbin(&[]), Vec::<f64>::new());
    }
}
