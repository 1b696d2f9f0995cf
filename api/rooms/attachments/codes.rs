//! Codes that the rooms of `attachments` raise.

use kit::problem_codes;

problem_codes! {
    PROBLEMS;
    OFFSET_DIFFERS "offset_differs" CONFLICT "The server has another number of bytes: go on at Upload-Offset" "服务器已收到的字节数不同,请从 Upload-Offset 处继续";
    UPLOAD_BUSY "upload_busy" CONFLICT "Another part of this upload is on its way; ask again how far it is" "该附件正有另一部分在上传,请重新查询进度";
    CONTENT_DIFFERS "content_differs" UNPROCESSABLE_ENTITY "The bytes are not those whose hash was declared; send them again from the beginning" "收到的内容与登记的哈希值不符,请从头重新上传";
    CONTENT_REFUSED "content_refused" UNPROCESSABLE_ENTITY "The bytes are not kept: the record says why (refused_because)" "内容未被保存,原因见记录(refused_because)";
    CONTENT_AWAITED "content_awaited" NOT_FOUND "The bytes haven't come yet, or were refused: see content_state" "内容尚未上传或未被接受,见 content_state";
    CONTENT_PURGED "content_purged" GONE "The bytes were purged when their time was over" "内容已到保存期限并被清除";
    NO_THUMBNAIL "no_thumbnail" NOT_FOUND "There is no thumbnail of this kind of file" "此类文件没有缩略图";
    RANGE_NOT_SATISFIABLE "range_not_satisfiable" RANGE_NOT_SATISFIABLE "There are no such bytes" "请求的字节范围不存在";
}
