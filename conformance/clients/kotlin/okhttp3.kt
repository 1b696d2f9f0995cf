// Only declarations: what the generated code uses of okhttp3, so that the compiler can check it. Nothing here runs.
package okhttp3

import java.io.File
import java.io.IOException
import java.io.InputStream

class MediaType {
    companion object {
        fun String.toMediaTypeOrNull(): MediaType? = TODO()
    }
}

class HttpUrl {
    val encodedPathSegments: List<String> = TODO()
    fun newBuilder(): Builder = TODO()

    class Builder {
        fun scheme(value: String): Builder = TODO()
        fun host(value: String): Builder = TODO()
        fun addPathSegment(value: String): Builder = TODO()
        fun addEncodedPathSegments(value: String): Builder = TODO()
        fun addQueryParameter(name: String, value: String?): Builder = TODO()
        fun build(): HttpUrl = TODO()
    }

    companion object {
        fun String.toHttpUrlOrNull(): HttpUrl? = TODO()
    }
}

class Headers {
    fun toMultimap(): Map<String, List<String>> = TODO()

    class Builder {
        fun add(name: String, value: String): Builder = TODO()
        fun build(): Headers = TODO()
    }

    companion object {
        fun Map<String, String>.toHeaders(): Headers = TODO()
    }
}

open class RequestBody {
    companion object {
        fun ByteArray.toRequestBody(type: MediaType? = null): RequestBody = TODO()
        fun String.toRequestBody(type: MediaType? = null): RequestBody = TODO()
        fun File.asRequestBody(type: MediaType? = null): RequestBody = TODO()
    }
}

class FormBody : RequestBody() {
    class Builder {
        fun add(name: String, value: String): Builder = TODO()
        fun build(): FormBody = TODO()
    }
}

class MultipartBody : RequestBody() {
    class Builder {
        fun setType(type: MediaType): Builder = TODO()
        fun addPart(headers: Headers?, body: RequestBody): Builder = TODO()
        fun build(): MultipartBody = TODO()
    }

    companion object {
        val FORM: MediaType = TODO()
    }
}

class Request {
    class Builder {
        fun url(url: HttpUrl): Builder = TODO()
        fun head(): Builder = TODO()
        fun delete(body: RequestBody?): Builder = TODO()
        fun patch(body: RequestBody): Builder = TODO()
        fun put(body: RequestBody): Builder = TODO()
        fun post(body: RequestBody): Builder = TODO()
        fun method(name: String, body: RequestBody?): Builder = TODO()
        fun headers(headers: Headers): Builder = TODO()
        fun build(): Request = TODO()
    }
}

class ResponseBody {
    fun string(): String = TODO()
    fun bytes(): ByteArray = TODO()
    fun byteStream(): InputStream = TODO()
}

class Response : java.io.Closeable {
    val code: Int = TODO()
    val message: String = TODO()
    val headers: Headers = TODO()
    val body: ResponseBody? = TODO()
    val isSuccessful: Boolean = TODO()
    val isRedirect: Boolean = TODO()
    fun header(name: String): String? = TODO()
    override fun close(): Unit = TODO()
}

interface Callback {
    fun onFailure(call: Call, e: IOException)
    fun onResponse(call: Call, response: Response)
}

interface Call {
    fun execute(): Response
    fun enqueue(callback: Callback)

    fun interface Factory {
        fun newCall(request: Request): Call
    }
}

class OkHttpClient : Call.Factory {
    override fun newCall(request: Request): Call = TODO()

    class Builder {
        fun build(): OkHttpClient = TODO()
    }
}
