//! Codes of the platform: whoever asks, and how.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    BAD_IDEMPOTENCY_KEY "bad_idempotency_key" BAD_REQUEST "Idempotency-Key must be 1 to 64 plain characters, and is not taken here otherwise" "Idempotency-Key 应为 1 至 64 个普通字符,且此处不一定支持";
    DISTRICT_REQUIRED "district_required" BAD_REQUEST "Say which district: you can reach several" "请指明区县:您可访问多个区县";
    BAD_IF_NONE_MATCH "bad_if_none_match" BAD_REQUEST "If-None-Match is not an entity tag" "If-None-Match 不是有效的实体标签";
    UNAUTHENTICATED "unauthenticated" UNAUTHORIZED "Sign in first" "请先登录";
    BAD_CREDENTIALS "bad_credentials" UNAUTHORIZED "The user name or the password is wrong" "用户名或密码错误";
    INVALID_TOKEN "invalid_token" UNAUTHORIZED "The token is not valid or not valid any more" "令牌无效或已过期";
    FORBIDDEN "forbidden" FORBIDDEN "Your roles don't allow this" "您的角色无权进行此操作";
    KEY_OUT_OF_SCOPE "key_out_of_scope" FORBIDDEN "This API key is not for this" "该 API 密钥不能用于此操作";
    ACCOUNT_DEACTIVATED "account_deactivated" UNAUTHORIZED "The account was deactivated; what the phone still holds can be handed in for 14 days" "账号已停用,14 天内仍可上交手机中未同步的数据";
    PASSWORD_CHANGE_REQUIRED "password_change_required" FORBIDDEN "Change the one-time password first" "请先修改一次性密码";
    NOT_FOUND "not_found" NOT_FOUND "There is nothing here for you" "未找到";
    METHOD_NOT_ALLOWED "method_not_allowed" METHOD_NOT_ALLOWED "This path doesn't take that method" "此路径不支持该方法";
    UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "Send application/json" "请使用 application/json";
    IF_MATCH_REQUIRED "if_match_required" PRECONDITION_REQUIRED "Say which revision you change: send If-Match" "请通过 If-Match 说明所修改的版本";
    HEADERS_TOO_LARGE "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "The request's head is too large" "请求头过大";
}

fault_codes! {
    FAULTS;
    URL_NOT_ALLOWED "url_not_allowed" "isn't an address that may be called" "不允许的回调地址";
    ONLY_IN_PAGES "only_in_pages" "is for pages, not for files" "仅适用于分页,不适用于文件导出";
    ONLY_IN_FILES "only_in_files" "is for files: ask for CSV, NDJSON or XLSX" "仅适用于文件导出(CSV、NDJSON、XLSX)";
    WRONG_PASSWORD "wrong_password" "is not the current password" "当前密码不正确";
    WEAK_PASSWORD "weak_password" "is too easy to guess" "密码过于简单";
    SAME_PASSWORD "same_password" "must differ from the current one" "新密码不能与当前密码相同";
    INVALID_ORDER "invalid_order" "must not be before {other}" "不能早于 {other}";
    NOT_A_TOWNSHIP_HERE "not_a_township_here" "is no township of this district" "不是本区县的乡镇(街道)";
    RING_OPEN "ring_open" "must end at the point where it begins" "环的终点应与起点相同";
    WORKER_DOWN "worker_down" "the worker {worker} begins again after a defect" "后台任务 {worker} 出现缺陷,正在重新启动";
    TOO_MANY_DAYS "too_many_days" "must be less than {days} days after the first" "与起始日相距应少于 {days} 天";
}
