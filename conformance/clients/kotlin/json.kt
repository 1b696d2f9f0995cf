// Only declarations: what the generated code uses of kotlinx.serialization.json.
package kotlinx.serialization.json

import kotlinx.serialization.modules.SerializersModule

class Json

class JsonBuilder {
    lateinit var serializersModule: SerializersModule
    var encodeDefaults = false
    var explicitNulls = true
    var ignoreUnknownKeys = false
    var isLenient = false
}

fun Json(build: JsonBuilder.() -> Unit): Json = TODO()
