//! The table of all helpers.

use super::{
    Function, Helper, casing, defaults, enums, hash, json, label, list, map, membership, number,
    path, prefix_suffix, quote, regex, text, time, url,
};

impl Helper {
    /// A helper that takes so many arguments.
    const fn between(
        name: &'static str,
        min_args: usize,
        max_args: Option<usize>,
        function: Function,
    ) -> Helper {
        Helper {
            name,
            min_args,
            max_args,
            sees_absent: false,
            value_at: None,
            takes_pattern: false,
            function,
        }
    }

    /// A helper that takes exactly so many arguments.
    const fn exact(name: &'static str, args: usize, function: Function) -> Helper {
        Helper::between(name, args, Some(args), function)
    }

    /// A helper that takes so many arguments or more.
    const fn any(name: &'static str, min_args: usize, function: Function) -> Helper {
        Helper::between(name, min_args, None, function)
    }

    /// A helper with a regular expression and a text.
    const fn regex(name: &'static str, args: usize, function: Function) -> Helper {
        Helper { takes_pattern: true, value_at: Some(1), ..Helper::exact(name, args, function) }
    }

    /// The same, but absent arguments are nothing.
    const fn lenient(self) -> Helper {
        Helper { sees_absent: true, ..self }
    }

    /// The same, but as a filter it works on its first argument.
    const fn value_first(self) -> Helper {
        Helper { value_at: Some(0), ..self }
    }
}

/// All helpers, by name.
static HELPERS: &[Helper] = &[
    Helper::exact("abbrev", 2, text::abbrev),
    Helper::any("add", 0, number::add).value_first(),
    Helper::exact("adler32sum", 1, hash::adler32sum),
    Helper::exact("alias", 2, enums::alias),
    Helper::exact("atoi", 1, number::atoi),
    Helper::exact("b64enc", 1, hash::b64enc),
    Helper::exact("base", 1, path::base),
    Helper::exact("camelcase", 1, casing::camelcase),
    Helper::any("cat", 0, quote::cat).value_first(),
    Helper::exact("ceil", 1, number::ceil),
    Helper::any("coalesce", 0, defaults::coalesce).value_first().lenient(),
    Helper::exact("compact", 1, list::compact),
    Helper::any("concat", 0, list::concat).value_first(),
    Helper::exact("contains", 2, prefix_suffix::contains),
    Helper::exact("date", 2, time::date),
    Helper::any("default", 1, defaults::default).lenient(),
    Helper::any("dict", 0, map::dict).value_first(),
    Helper::exact("dir", 1, path::dir),
    Helper::exact("div", 2, number::div).value_first(),
    Helper::exact("dropKey", 0, defaults::drop_key),
    Helper::exact("empty", 1, defaults::empty).lenient(),
    Helper::exact("ext", 1, path::ext),
    Helper::exact("fail", 1, defaults::fail),
    Helper::exact("first", 1, list::first),
    Helper::exact("floor", 1, number::floor),
    Helper::exact("fromJson", 1, json::from_json),
    Helper::exact("get", 2, map::get).value_first(),
    Helper::exact("has", 2, membership::has),
    Helper::exact("hasKey", 2, map::has_key).value_first(),
    Helper::exact("hasPrefix", 2, prefix_suffix::has_prefix),
    Helper::exact("hasSuffix", 2, prefix_suffix::has_suffix),
    Helper::exact("initial", 1, list::initial),
    Helper::exact("int", 1, number::int),
    Helper::exact("int64", 1, number::int),
    Helper::exact("join", 2, list::join),
    Helper::exact("kebabcase", 1, casing::kebabcase),
    Helper::any("keys", 0, map::keys).value_first(),
    Helper::exact("labelHash", 2, label::label_hash),
    Helper::exact("labelValue", 1, label::label_value),
    Helper::exact("last", 1, list::last),
    Helper::any("list", 0, list::list).value_first(),
    Helper::exact("lower", 1, text::lower),
    Helper::any("max", 1, number::max).value_first(),
    Helper::any("min", 1, number::min).value_first(),
    Helper::exact("mod", 2, number::modulo).value_first(),
    Helper::any("mul", 1, number::mul).value_first(),
    Helper::exact("nospace", 1, text::nospace),
    Helper::exact("now", 0, time::now),
    Helper::exact("oneOf", 3, enums::one_of).lenient(),
    Helper::any("quote", 0, quote::quote).value_first(),
    Helper::regex("regexFind", 2, regex::find),
    Helper::regex("regexFindAll", 3, regex::find_all),
    Helper::regex("regexMatch", 2, regex::matches),
    Helper::exact("regexQuoteMeta", 1, regex::quote_meta),
    Helper::regex("regexReplaceAll", 3, regex::replace_all),
    Helper::regex("regexReplaceAllLiteral", 3, regex::replace_all_literal),
    Helper::regex("regexSplit", 3, regex::split),
    Helper::exact("repeat", 2, text::repeat),
    Helper::exact("replace", 3, text::replace),
    Helper::exact("required", 2, defaults::required).lenient(),
    Helper::exact("rest", 1, list::rest),
    Helper::between("round", 2, Some(3), number::round).value_first(),
    Helper::exact("scoped", 2, label::scoped).value_first(),
    Helper::exact("sha1sum", 1, hash::sha1sum),
    Helper::exact("sha256sum", 1, hash::sha256sum),
    Helper::exact("slug", 1, label::slug),
    Helper::exact("snakecase", 1, casing::snakecase),
    Helper::exact("sortAlpha", 1, list::sort_alpha),
    Helper::exact("splitList", 2, list::split_list),
    Helper::any("squote", 0, quote::squote).value_first(),
    Helper::exact("stripScope", 1, label::strip_scope),
    Helper::exact("sub", 2, number::sub).value_first(),
    Helper::exact("substr", 3, text::substr),
    Helper::exact("ternary", 3, defaults::ternary),
    Helper::exact("title", 1, text::title),
    Helper::exact("toJson", 1, json::to_json),
    Helper::exact("toString", 1, quote::to_string),
    Helper::exact("trim", 1, text::trim),
    Helper::exact("trimAll", 2, text::trim_all),
    Helper::exact("trimPrefix", 2, prefix_suffix::trim_prefix),
    Helper::exact("trimSuffix", 2, prefix_suffix::trim_suffix),
    Helper::exact("trunc", 2, text::trunc),
    Helper::exact("uniq", 1, membership::uniq),
    Helper::exact("unixEpoch", 1, time::unix_epoch),
    Helper::exact("until", 1, list::until),
    Helper::exact("upper", 1, text::upper),
    Helper::exact("urlParse", 1, url::url_parse),
    Helper::any("without", 1, membership::without).value_first(),
];

/// The helper of that name.
pub fn find(name: &str) -> Option<&'static Helper> {
    let index = HELPERS.binary_search_by_key(&name, |helper| helper.name).ok()?;
    Some(&HELPERS[index])
}

/// All helpers, by name.
pub fn all() -> impl Iterator<Item = &'static Helper> {
    HELPERS.iter()
}
