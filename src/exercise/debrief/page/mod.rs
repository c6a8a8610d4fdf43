//! A report as one page: style, pictures and figures are in it, and nothing runs in it.
//!
//! Both languages are in the page; its reader switches between them. What stands in a log was
//! written by people: it is text, never markup.

mod markup;
mod parts;
mod picture;
mod tables;

use super::Debrief;
use crate::base::text::Lang;
use markup::{escape, section};

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded, nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The report as HTML, which is XML too; `lang` is shown first. Errors: it does not become JSON.
pub fn html(debrief: &Debrief, lang: Lang) -> Result<String, serde_json::Error> {
    let title = &debrief.head.title;
    let (chosen, title) = match lang {
        Lang::En => ("en", format!("{} – after-action report", title.en)),
        Lang::Zh => ("zh", format!("{}——复盘报告", title.zh)),
    };
    let mut page = String::from("<!doctype html>\n");
    page.push_str(&format!("<html lang=\"{chosen}\"><head><meta charset=\"utf-8\"/>"));
    let policy = escape(POLICY);
    page.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>\
         <meta name=\"viewport\" content=\"width=device-width\"/><title>{}</title>\
         <style>{STYLE}</style></head><body>\n",
        escape(&title)
    ));
    page.push_str("<main>\n");
    page.push_str(&choice(chosen));
    page.push_str("<article>\n");
    page.push_str(&parts::head(&debrief.head));
    page.push_str(&section(2, ("Self-assessment", "自我评估"), &parts::own(debrief)));
    page.push_str(&section(3, ("Result", "结果"), &parts::result(debrief)));
    page.push_str(&section(4, ("Timeline", "时间线"), &parts::timeline(debrief)));
    page.push_str(&section(5, ("Clocks", "时钟表"), &tables::clocks(debrief)));
    page.push_str(&section(6, ("Why these marks", "得分明细"), &tables::reasons(debrief)));
    let costs = picture::costs(&debrief.consequences) + &tables::costs(debrief);
    let costs = costs + &parts::outside(debrief);
    page.push_str(&section(7, ("Consequences", "后果"), &costs));
    page.push_str(&section(8, ("Alarm logic", "报警逻辑"), &tables::alarms(debrief)));
    page.push_str(&section(
        9,
        ("Findings and improvements", "问题与改进"),
        &tables::findings(debrief),
    ));
    let annex = parts::form(debrief) + &tables::log(debrief);
    page.push_str(&section(10, ("Annex: form and log", "附件:评估表与日志"), &annex));
    page.push_str("</article></main>\n");
    page.push_str(&data(debrief)?);
    page.push_str("</body></html>\n");
    Ok(page)
}

/// Buttons that choose the language, without a script.
fn choice(chosen: &str) -> String {
    let all = [("zh", "中文"), ("en", "English"), ("both", "中 + EN")];
    let one = |(id, name): &(&str, &str)| {
        let checked = if *id == chosen { " checked=\"checked\"" } else { "" };
        format!(
            "<input class=\"choice\" type=\"radio\" name=\"lang\" id=\"{id}\"{checked}/>\
             <label for=\"{id}\">{name}</label>\n"
        )
    };
    all.iter().map(one).collect()
}

/// The report itself, for programs; it does not run.
fn data(debrief: &Debrief) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(debrief)?;
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // These stand within strings only: as JSON escapes them they say the same.
            '<' | '>' | '&' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => safe.push(c),
        }
    }
    Ok(format!("<script type=\"application/json\" id=\"debrief\">{safe}</script>\n"))
}
