//! Chinese.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["写道", "寫道", "写到", "wrote"],
    from: &["发件人", "寄件者", "寄件人", "發件人"],
    sent: &["发送时间", "日期", "寄件日期", "时间", "傳送時間", "发送日期"],
    to: &["收件人", "收件者"],
    cc: &["抄送", "副本"],
    subject: &["主题", "主旨", "主題"],
    original: &["原始邮件", "原始郵件", "原邮件", "邮件原件"],
    forwarded: &["转发的邮件", "已转发邮件", "轉寄郵件", "转发邮件信息", "已轉寄的郵件"],
    device: &["发自我的", "下载 outlook", "從我的", "发送自", "傳送自我的", "来自我的"],
    robot: &["自动回复", "自動回覆", "自動回复"],
    away: &[],
    confession: &[],
    undelivered: &["退信", "无法投递", "未能送达", "投递失败", "無法傳遞"],
    disclaimer: &[],
    above: &[],
};
