//! Spanish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["el"],
    wrote: &["escribió", "escribio", "ha escrito", "escribe"],
    from: &["de", "remitente"],
    sent: &["enviado", "enviado el", "fecha", "enviada", "enviado a las"],
    to: &["para", "a"],
    cc: &["cc"],
    subject: &["asunto"],
    original: &["mensaje original", "mensaje de origen", "correo original"],
    forwarded: &["mensaje reenviado", "inicio del mensaje reenviado", "inicio de mensaje reenviado"],
    device: &["enviado desde", "enviado con", "enviado de mi", "obtener outlook", "descargar outlook"],
    robot: &["respuesta automatica"],
    away: &["fuera de la oficina", "fuera de oficina", "ausente de la oficina"],
    confession: &["esta es una respuesta automática", "este es un mensaje automático"],
    undelivered: &[
        "no se pudo entregar",
        "no se ha podido entregar",
        "error en la entrega",
        "no se puede entregar",
        "entrega fallida",
        "no ha podido entregarse",
    ],
    disclaimer: &[
        "este mensaje y",
        "este correo electronico",
        "este correo y",
        "la informacion contenida en este",
        "aviso de confidencialidad",
        "este mensaje se dirige",
    ],
    above: &["responda por encima de esta línea", "responder por encima de esta línea"],
};
