//! Korean.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["님이 작성", "작성:", "님이 쓴 글", "썼습니다"],
    from: &["보낸 사람", "보낸사람"],
    sent: &["보낸 날짜", "날짜", "보낸날짜"],
    to: &["받는 사람", "받는사람"],
    cc: &["참조"],
    subject: &["제목"],
    original: &["원본 메시지", "원본 메일", "원본 메세지"],
    forwarded: &["전달된 메시지", "전달된 메일"],
    device: &["나의 iphone에서", "내 iphone에서 보냄"],
    robot: &["자동 회신"],
    away: &["부재중"],
    confession: &[],
    undelivered: &["배달되지 않음", "배달하지 못했습니다", "전송 실패"],
    disclaimer: &[],
    above: &[],
};
