//! Japanese.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["のメール", "は書きました", "wrote", "のメッセージ", "さんは書きました", "が書いた"],
    from: &["差出人", "送信元", "from"],
    sent: &["送信日時", "日時", "送信日"],
    to: &["宛先"],
    cc: &["cc", "写し"],
    subject: &["件名"],
    original: &["元のメッセージ", "元メッセージ", "オリジナルメッセージ"],
    forwarded: &["転送されたメッセージ", "転送メッセージ", "転送メール"],
    device: &["iphoneから送信", "outlook for", "私のiphoneから送信", "送信元"],
    robot: &["自動応答", "自動返信"],
    away: &["不在"],
    confession: &[],
    undelivered: &["配信不能", "配信できません", "配信できませんでした", "届きませんでした", "配達できません"],
    disclaimer: &[],
    above: &[],
};
