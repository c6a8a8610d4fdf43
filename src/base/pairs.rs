//! Maps whose keys are no texts, written as lists of pairs: `#[serde(with = "pairs")]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a map as a list of `[key, value]`, in the order of its keys.
pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
    map: &BTreeMap<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map)
}

/// Reads such a list.
pub fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Vec::<(K, V)>::deserialize(deserializer).map(|pairs| pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "super")]
        map: BTreeMap<(u8, Option<u8>), String>,
    }

    #[test]
    fn a_map_with_keys_that_are_no_texts_comes_back() {
        let map = [((1, None), "a".to_owned()), ((1, Some(2)), "b".to_owned())].into();
        let json = serde_json::to_string(&Holder { map }).expect("plain values");
        assert_eq!(json, r#"{"map":[[[1,null],"a"],[[1,2],"b"]]}"#);
        let back: Holder = serde_json::from_str(&json).expect("what was written");
        assert_eq!(back.map.len(), 2);
    }
}
