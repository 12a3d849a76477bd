//! Portuguese.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["em", "no"],
    wrote: &["escreveu", "escreve"],
    from: &["de", "remetente"],
    sent: &["enviado", "enviada", "enviado em", "enviada em", "data", "enviado a"],
    to: &["para"],
    cc: &["cc", "cco"],
    subject: &["assunto"],
    original: &["mensagem original", "mensagem origina"],
    forwarded: &[
        "mensagem encaminhada",
        "mensagem reencaminhada",
        "início da mensagem encaminhada",
        "início da mensagem reencaminhada",
    ],
    device: &[
        "enviado do",
        "enviado a partir",
        "enviado de meu",
        "enviado da minha",
        "enviado pelo",
        "enviado via",
        "obter o outlook",
        "obtenha o outlook",
    ],
    robot: &["resposta automatica"],
    away: &["fora do escritorio", "ausencia temporaria", "ausencia"],
    confession: &["esta é uma resposta automática", "esta é uma mensagem automática"],
    undelivered: &["falha na entrega", "não foi possível entregar", "não pôde ser entregue", "entrega falhou"],
    disclaimer: &["esta mensagem", "este e-mail", "as informacoes contidas", "aviso de confidencialidade"],
    above: &["responda acima desta linha", "por favor, digite sua resposta acima desta linha"],
};
