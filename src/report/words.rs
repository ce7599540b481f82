//! `words!`: an enum whose variants are words of a document.
//!
//! The word is written once: serde writes it, the JSON Schema lists it under `enum`, `as_str` returns it, and
//! `Display` writes it for people with spaces instead of `_`.

macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[doc = $variant_doc])+ #[serde(rename = $word)] $variant, )+
        }

        impl $name {
            /// The word as documents write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // `pad`: a width in the format string aligns columns
                formatter.pad(&self.as_str().replace('_', " "))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let description = concat!(
                    $( $doc, "\n", )*
                    $( "\n- `", $word, "`:", $( $variant_doc, )+ )+
                );
                schemars::json_schema!({
                    "description": description.trim(),
                    "type": "string",
                    "enum": [$( $word ),+],
                })
            }
        }
    };
}
